-- A seat that was taken back names no customer, and stood apart from the one that was claimed, under
-- nobody. Seats decide access now: they are read anew at once, each under whose member sits there.
-- That they were all known stays true: what else follows from it does not wait for it.
DELETE FROM mirror WHERE kind IN ('customer_seat', 'customer_seat_unrecognized');
UPDATE reading SET place = '', finished_at = NULL WHERE kind = 'customer_seat';
