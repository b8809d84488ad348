package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// told is what an event of our own says of a message.
type told struct {
	ID         string
	CustomerID string
	Enrollment string
	JourneyKey string
	Version    int
	Step       string
	Template   string
	State      string
	Reason     string
	Address    string
	Suppress   bool
	ReplyCode  int
	Complaint  bool   `db:"-"` // its reader's, on a message that was sent
	Source     string `db:"-"` // who reported it, where that came after the relay had taken it
}

// toldColumns reads a told from the message m.
const toldColumns = `m.id, m.customer_id, m.enrollment_id AS enrollment, m.journey_key, m.version, m.step, m.template, m.state, m.reason, m.address, false AS suppress,
	coalesce(m.reply_code, 0) AS reply_code`

// tellOfMessages appends what became of messages to the streams of their customers.
func (s *Store) tellOfMessages(ctx context.Context, tx pgx.Tx, messages []told) error {
	var events []journey.Event
	for _, m := range messages {
		if m.CustomerID == testID {
			continue
		}
		ps := map[string]any{"journey": m.JourneyKey, "version": m.Version, "enrollment": m.Enrollment,
			"step": m.Step, "message": m.Template, "message_id": m.ID}
		e := journey.Event{Kind: journey.KindOwn, CustomerID: m.CustomerID, Properties: ps}
		switch {
		case m.Complaint:
			e.Name = journey.EventMessageComplained
		case m.State == string(journey.MessageAccepted):
			e.Name = journey.EventMessageSent
		case m.State == string(journey.MessageDropped), neverLeft(m.Reason):
			e.Name, ps["reason"] = journey.EventMessageDropped, m.Reason
		case m.State == string(journey.MessageFailed):
			e.Name, ps["bounce"], ps["code"] = journey.EventMessageBounced, bounce(m), m.ReplyCode
		default:
			continue
		}
		if m.Source != "" {
			ps["source"] = m.Source
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.insertEvents(ctx, tx, events); err != nil {
		return err
	}
	return notify(ctx, tx, channelEvents)
}

// neverLeft says of a message that failed whether it was not even shown to whom it was to be handed.
func neverLeft(reason string) bool {
	switch reason {
	case journey.ReasonRender, journey.ReasonNoUTF8, journey.ReasonBlocked, journey.ReasonNoEndpoint, journey.ReasonNoSecret:
		return true
	}
	return false
}

func bounce(m told) string {
	if m.Suppress {
		return "hard"
	}
	return "soft"
}

// loadClaimed reads everything that rendering the messages needs, in the order in which they are due.
func (s *Store) loadClaimed(ctx context.Context, tx pgx.Tx, ids []string) ([]journey.Claimed, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out, accounts, err := claimedRows(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	customers := make([]string, len(out))
	for i := range out {
		customers[i] = out[i].Message.CustomerID
	}
	people, err := loadPeople(ctx, tx, customers)
	if err != nil {
		return nil, err
	}
	coupons, err := claimedCoupons(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	for i := range out {
		c := &out[i]
		c.Coupons = coupons[c.Message.ID]
		if p := people[c.Message.CustomerID]; p != nil {
			c.Customer, c.Account = p.Customer, accounts[p.AccountID]
		}
		if c.Message.Channel != journey.ChannelEmail {
			if c.Route, err = s.route(ctx, tx, c.Message); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// route is the way to the endpoint that is the message's channel; nil when nobody declares it any more.
func (s *Store) route(ctx context.Context, tx pgx.Tx, m journey.Message) (*journey.Route, error) {
	def, err := s.definition(ctx, tx, m.JourneyKey, m.Version)
	if err != nil {
		return nil, err
	}
	if declared, is := def.Declares.Webhooks[m.Channel]; is {
		return &journey.Route{URL: declared.URL, SecretEnv: declared.SecretEnv}, nil
	}
	var r journey.Route
	err = tx.QueryRow(ctx, `SELECT url, secret FROM endpoints WHERE key = $1`, m.Channel).Scan(&r.URL, &r.Secret)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none, and that is no fault
	}
	return &r, err
}

func claimedRows(ctx context.Context, tx pgx.Tx, ids []string) ([]journey.Claimed, map[string]*journey.Account, error) {
	rows, err := tx.Query(ctx, `
		SELECT m.id, m.enrollment_id, m.journey_key, m.version, m.step, m.visit, m.customer_id, m.channel, m.lane, m.topic, m.template,
			m.sender, m.reply_to, m.survey_id, m.coupons, m.data, m.state, m.reason, m.attempt, m.not_before_at, m.expires_at, m.queued_at,
			m.message_id, m.address, m.subject, m.variant, m.bytes, m.links, coalesce(v.hash, ''), i.ask, i.step, i.visit, i.expires_at, i.form,
			a.id, a.external_id, a.name, a.attributes
		FROM messages m LEFT JOIN versions v ON v.journey_key = m.journey_key AND v.number = m.version -- none of a test of a draft
		JOIN customers c ON c.id = m.customer_id LEFT JOIN accounts a ON a.id = c.account_id
		LEFT JOIN survey_invites i ON i.id = m.survey_id AND m.survey_id <> ''
		WHERE m.id = ANY($1) ORDER BY m.not_before_at, m.id`, ids)
	if err != nil {
		return nil, nil, err
	}
	var out []journey.Claimed
	accounts := map[string]*journey.Account{}
	for rows.Next() {
		var c journey.Claimed
		var r struct {
			ask, surveyStep         *string
			visit                   *int
			expires                 *time.Time
			form                    *journey.SurveyForm
			account, external, name *string
			attributes              map[string]any
		}
		m := &c.Message
		err := rows.Scan(&m.ID, &m.EnrollmentID, &m.JourneyKey, &m.Version, &m.Step, &m.Visit, &m.CustomerID, &m.Channel, &m.Lane,
			&m.Topic, &m.Template, &m.From, &m.ReplyTo, &m.SurveyID, &m.Coupons, &m.Data, &m.State, &m.Reason, &m.Attempt,
			&m.NotBefore, &m.ExpiresAt, &m.QueuedAt, &m.MessageID, &m.Address, &m.Subject, &m.Variant, &c.Bytes, &c.Links, &c.Hash,
			&r.ask, &r.surveyStep, &r.visit, &r.expires, &r.form, &r.account, &r.external, &r.name, &r.attributes)
		if err != nil {
			return nil, nil, err
		}
		if r.ask != nil {
			c.Survey = &journey.SurveyInvite{ID: m.SurveyID, Ask: *r.ask, Step: *r.surveyStep, Visit: *r.visit, ExpiresAt: *r.expires, Form: *r.form}
		}
		if r.account != nil {
			accounts[*r.account] = &journey.Account{ID: *r.account, ExternalID: deref(r.external), Name: deref(r.name), Attributes: r.attributes}
		}
		out = append(out, c)
	}
	return out, accounts, rows.Err()
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// claimedCoupons reads the coupons that messages refer to, by message and `as`.
func claimedCoupons(ctx context.Context, tx pgx.Tx, ids []string) (map[string]map[string]journey.Coupon, error) {
	rows, err := tx.Query(ctx, `
		SELECT m.id, r.key, c.id, c.pool, c.code, c.expires_at, c.redeemed_at, c.state = 'released'
		FROM messages m CROSS JOIN LATERAL jsonb_each_text(m.coupons) r JOIN coupons c ON c.id = r.value WHERE m.id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]journey.Coupon{}
	var id string
	var c journey.Coupon
	_, err = pgx.ForEachRow(rows, []any{&id, &c.As, &c.ID, &c.Pool, &c.Code, &c.ExpiresAt, &c.RedeemedAt, &c.Released}, func() error {
		if out[id] == nil {
			out[id] = map[string]journey.Coupon{}
		}
		out[id][c.As] = c
		return nil
	})
	return out, err
}

// ForgetBytes takes the bytes of messages that were settled and came to the dot before a wall instant, and returns how many. Their hash
// stays: it proves what was sent to whoever still has it. Those of a test mail that never came to the dot go at once.
func (s *Store) ForgetBytes(ctx context.Context, before time.Time) (n int, err error) {
	defer wrap(&err, "forgetting the bytes of old messages")
	tag, err := s.pool.Exec(ctx, `
		UPDATE messages SET bytes = NULL
		WHERE bytes IS NOT NULL AND (dot_wall < $1 OR dot_wall IS NULL AND customer_id = 'cus_test')
			AND state IN ('accepted', 'failed', 'unknown', 'dropped')`, before)
	return int(tag.RowsAffected()), err
}
