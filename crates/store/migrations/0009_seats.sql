-- A seat that was taken back names no customer, and stood apart from the one that was claimed, under
-- nobody. Seats decide access now: they are read anew, each under whose member sits there.
DELETE FROM mirror WHERE kind IN ('customer_seat', 'customer_seat_unrecognized');
DELETE FROM reading WHERE kind = 'customer_seat';
