-- +goose Up

-- What happened lately, and who stands where: for the pages of today and of a journey.
CREATE INDEX today_entered ON enrollments (entered_at);
CREATE INDEX today_ended ON enrollments (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX today_sent ON messages (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX today_not_sent ON messages (not_before_at) WHERE state IN ('dropped', 'failed', 'unknown');
CREATE INDEX today_bounced ON bounces (at);
CREATE INDEX today_never_queued ON step_log (at) WHERE what = 'not_sent';
