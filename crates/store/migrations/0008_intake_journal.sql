-- Whose the journal beside a database file is, and how far it is read: the position is written in the
-- transaction that takes deliveries out of it. Several nodes have no journal, and no row here.
CREATE TABLE intake_journal (
    id       BIGINT NOT NULL PRIMARY KEY,  -- always 1
    identity TEXT NOT NULL,                -- at random; stands in each file
    position BIGINT NOT NULL               -- number of the first delivery not yet taken
);
