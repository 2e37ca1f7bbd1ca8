//! Everything polarkit must not forget, on SQLite and on PostgreSQL.
