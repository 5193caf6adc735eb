-- Where a search within addresses begins: the address from its beginning and from behind each of @ . - _ +
CREATE TABLE address_parts (
    part TEXT NOT NULL,
    standing BIGINT NOT NULL,
    PRIMARY KEY (part, standing)
) CLUSTERED;
CREATE INDEX address_parts_standing ON address_parts (standing, part);
INSERT INTO address_parts (part, standing)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 320)
    SELECT DISTINCT substr(s.folded, n.i), s.key FROM standings s JOIN n ON n.i <= length(s.folded)
    WHERE (n.i = 1 OR substr(s.folded, n.i - 1, 1) IN ('@', '.', '-', '_', '+'))
    AND substr(s.folded, n.i, 1) NOT IN ('@', '.', '-', '_', '+');
UPDATE format SET version = 5;
