-- +goose Up

-- Where the scores of recency, frequency and money begin; and how far customers have been scored by these bounds (an id; null: all of them).
ALTER TABLE settings
    ADD COLUMN rfm        jsonb NOT NULL DEFAULT '{"recency": ["30d", "60d", "120d", "365d"], "frequency": [2, 3, 5, 10], "monetary": [50, 150, 400, 1000]}',
    ADD COLUMN rfm_filled text DEFAULT '';
