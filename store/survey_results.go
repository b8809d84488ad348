package store

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"perennial/journey"
)

// PutSurvey keeps a survey on the server, for journeys that ask it without declaring it. Who was asked before keeps the form that she saw.
// A fresh one that is there is CodeStale.
func (s *Store) PutSurvey(ctx context.Context, form journey.SurveyForm, fresh bool, by journey.Actor) (err error) {
	defer wrap(&err, "keeping survey %q", form.Key)
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO surveys (key, form) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET form = excluded.form WHERE NOT $3`, form.Key, form, fresh)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return journey.Faultf(journey.CodeStale, "survey %s exists already", form.Key)
		}
		return s.audit(ctx, tx, deed{by: by, verb: "survey.put", target: "survey:" + form.Key, detail: map[string]any{"kind": form.Kind,
			"question": form.Question, "options": form.Options, "locales": slices.Sorted(maps.Keys(form.Locales))}})
	})
}

// SurveyUse says how many invitations to a survey are out, and which live journeys have a form of their own for it.
func (s *Store) SurveyUse(ctx context.Context, key string) (u journey.SurveyUse, err error) {
	defer wrap(&err, "looking who asks survey %q", key)
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM survey_invites WHERE ask = $1 AND answered_at IS NULL AND expires_at > $2`, key, s.clock.Now()).Scan(&u.Open)
	if err != nil {
		return u, err
	}
	live, _, err := s.liveJourneys(ctx, s.pool)
	for _, l := range live {
		if _, declares := l.Def.Declares.Surveys[key]; declares {
			u.Declared = append(u.Declared, l.Key)
		}
	}
	return u, err
}

// Surveys lists every survey that is kept or was ever asked, by key, with what came of it.
func (s *Store) Surveys(ctx context.Context) (_ []journey.SurveyInfo, err error) {
	defer wrap(&err, "listing surveys")
	return s.surveysNamed(ctx, "")
}

// Survey returns one of them. The fault is not_found.
func (s *Store) Survey(ctx context.Context, key string) (i journey.SurveyInfo, err error) {
	defer wrap(&err, "reading survey %q", key)
	list, err := s.surveysNamed(ctx, key)
	if err == nil && len(list) == 0 {
		err = journey.Faultf(journey.CodeNotFound, "there is no survey %q; a journey declares it under `surveys`, or PUT /api/surveys/%s keeps it", key, key)
	}
	if err != nil {
		return i, err
	}
	return list[0], nil
}

// surveysNamed reads one survey, or with "" all of them, with the counters that the invitations keep. The form is that which is kept, else
// the latest that somebody was shown.
func (s *Store) surveysNamed(ctx context.Context, key string) ([]journey.SurveyInfo, error) {
	rows, err := s.pool.Query(ctx, `
		WITH counted AS (
			SELECT ask, sum(asked)::bigint AS asked, sum(answered)::bigint AS answered, sum(scored)::bigint AS scored, sum(total)::bigint AS total,
				sum(promoters)::bigint AS promoters, sum(detractors)::bigint AS detractors
			FROM survey_counts WHERE $1 = '' OR ask = $1 GROUP BY 1
		), known AS (
			SELECT key, form FROM surveys WHERE $1 = '' OR key = $1
			UNION ALL
			SELECT c.ask, i.form FROM counted c CROSS JOIN LATERAL (
				SELECT form FROM survey_invites WHERE ask = c.ask ORDER BY opened_at DESC LIMIT 1) i WHERE c.ask NOT IN (SELECT key FROM surveys)
		)
		SELECT k.key, k.form, coalesce(c.asked, 0), coalesce(c.answered, 0), coalesce(c.scored, 0), coalesce(c.total, 0), coalesce(c.promoters, 0),
			coalesce(c.detractors, 0),
			(SELECT answered_at FROM survey_invites WHERE ask = k.key AND answered_at IS NOT NULL ORDER BY answered_at DESC LIMIT 1)
		FROM known k LEFT JOIN counted c ON c.ask = k.key ORDER BY k.key`, key)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i journey.SurveyInfo, err error) {
		var form journey.SurveyForm
		var scored, total int
		var last *time.Time
		if err := row.Scan(&i.Key, &form, &i.Asked, &i.Answered, &scored, &total, &i.Promoters, &i.Detractors, &last); err != nil {
			return i, err
		}
		i.Kind, i.Question, i.Options, i.FollowUp, i.LastAt = form.Kind, form.Question, form.Options, form.FollowUp, last
		i.Thanks, i.Locales = form.Thanks, form.Locales
		i.SurveyScore = journey.ScoreOf(i.Kind, i.Answered, scored, total, i.Promoters, i.Detractors)
		return i, nil
	})
	return nonNil(list), err
}

// surveyedSQL is the condition that the invitation i is one of the filter: $1 survey, $2 and $3 the span, $4 journey, $5 version, $6 segment.
func surveyedSQL(at string) string {
	return `i.ask = $1 AND i.` + at + ` >= $2 AND i.` + at + ` < $3 AND ($4 = '' OR i.journey_key = $4) AND ($5 = 0 OR i.version = $5)
		AND ($6 = '' OR EXISTS (SELECT FROM segment_members m WHERE m.customer_id = i.customer_id AND m.segment = $6 AND m.member))`
}

// SurveyResults counts the answers to a survey, from its indexes alone where they are scores. The fault is not_found.
func (s *Store) SurveyResults(ctx context.Context, key string, f journey.SurveyFilter) (r journey.SurveyResults, err error) {
	defer wrap(&err, "counting the answers to survey %q", key)
	info, err := s.Survey(ctx, key)
	if err != nil {
		return r, err
	}
	var asked int
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM survey_invites i WHERE `+surveyedSQL("opened_at"),
		key, f.From, f.To, f.Journey, f.Version, f.Segment).Scan(&asked)
	if err != nil {
		return r, err
	}
	choice := "''::text" // the text of choices is too long for an index
	if len(info.Options) > 0 {
		choice = "i.choice"
	}
	rows, err := s.pool.Query(ctx, `
		SELECT date_trunc($7, i.answered_at AT TIME ZONE $8) AT TIME ZONE $8, i.journey_key, i.version, i.score, `+choice+`, count(*)
		FROM survey_invites i WHERE `+surveyedSQL("answered_at")+` GROUP BY 1, 2, 3, 4, 5`, key, f.From, f.To, f.Journey, f.Version, f.Segment, f.Every, f.Zone)
	if err != nil {
		return r, err
	}
	tallies, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.SurveyTally])
	if err != nil {
		return r, err
	}
	return f.Results(info, asked, tallies), nil
}

// SurveyReplies lists answers, the latest first: all of them, or with words those alone that hold some.
func (s *Store) SurveyReplies(ctx context.Context, key string, f journey.SurveyFilter, words bool, r journey.PageRequest) (_ journey.Page[journey.SurveyReply], err error) {
	defer wrap(&err, "listing the answers to survey %q", key)
	var none journey.Page[journey.SurveyReply]
	after, err := openCursor(r.Cursor, 2)
	if err != nil {
		return none, err
	}
	before, last := f.To, ""
	if len(after) == 2 {
		micros, err := strconv.ParseInt(after[0], 10, 64)
		if err != nil {
			return none, badCursor()
		}
		before, last = time.UnixMicro(micros), after[1]
	}
	worded := ""
	if words {
		worded = " AND i.comment <> ''" // as the index has it
	}
	rows, err := s.pool.Query(ctx, `
		SELECT i.id, i.answered_at, CASE WHEN c.id = $10 THEN '' ELSE c.id END, c.first_name, c.last_name, i.score, i.choice, i.comment, i.journey_key, i.version, i.locale
		FROM survey_invites i JOIN customers c ON c.id = i.customer_id
		WHERE `+surveyedSQL("answered_at")+worded+` AND (i.answered_at, i.id) < ($7, CASE WHEN $8 = '' THEN '~' ELSE $8 END)
		ORDER BY i.answered_at DESC, i.id DESC LIMIT $9`,
		key, f.From, f.To, f.Journey, f.Version, f.Segment, before, last, r.Limit+1, erasedID)
	if err != nil {
		return none, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[journey.SurveyReply])
	if err != nil {
		return none, err
	}
	return page(list, r.Limit, func(a journey.SurveyReply) string { return cursor(strconv.FormatInt(a.At.UnixMicro(), 10), a.ID) }), nil
}

// EverySurveyReply gives out all answers of the filter, page by page, and notes in the audit who asked for them.
func (s *Store) EverySurveyReply(ctx context.Context, key string, f journey.SurveyFilter, by journey.Actor) (iter.Seq2[journey.SurveyReply, error], error) {
	if err := s.Record(ctx, by, "survey.export", "survey:"+key, nil); err != nil {
		return nil, err
	}
	return func(yield func(journey.SurveyReply, error) bool) {
		ask := journey.PageRequest{Limit: rowsPage}
		for {
			found, err := s.SurveyReplies(ctx, key, f, false, ask)
			if err != nil {
				yield(journey.SurveyReply{}, err)
				return
			}
			for _, a := range found.Data {
				if !yield(a, nil) {
					return
				}
			}
			if found.Next == nil {
				return
			}
			ask.Cursor = *found.Next
		}
	}, nil
}
