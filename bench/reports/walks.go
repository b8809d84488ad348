package main

import (
	"fmt"
	"strings"

	"perennial/journey"
	"perennial/templates"
)

// Everybody has entered win-back once, a day after she came, and has come as far as one of its steps: one in six stands there, the others
// ended there. A step further on was come to by fewer; one in thirty-two took the way out of the offer that few take.
const (
	entered = `timestamptz '2030-05-05' - make_interval(mins => (i * 61) % 788400)`
	who     = `'cus_' || lpad(i::text, 12, '0')`
	reason  = `CASE WHEN i % 6 = 0 THEN '' ELSE 'finished' END`
	fork    = "takes-the-offer"
)

// coupons are of every third customer; a quarter of them were redeemed.
func coupons() []string {
	return []string{
		`INSERT INTO pools (key) VALUES ('comeback')`,
		`INSERT INTO coupons (id, pool, code, state, customer_id, issued_at, value, currency)
		 SELECT 'cpn_' || i, 'comeback', 'C' || i, CASE WHEN i % 4 = 0 THEN 'redeemed' ELSE 'issued' END, ` + who + `, ` + entered + `,
		        CASE WHEN i % 4 = 0 THEN 80 END, CASE WHEN i % 4 = 0 THEN 'EUR' ELSE '' END FROM generate_series(1, @n, 3) i`,
		`TRUNCATE report_moves`,
	}
}

// win is the journey, published, and its steps as an array in SQL.
func win() (published []string, steps string, err error) {
	files, err := templates.Load(templates.Embedded(), "win-back")
	if err != nil {
		return nil, "", err
	}
	source := files["journey.yaml"]
	def, problems := journey.Parse("win-back", []byte(source))
	if faults := problems.Errors(); len(faults) > 0 {
		return nil, "", fmt.Errorf("parsing win-back: %w", faults)
	}
	return []string{
		`INSERT INTO journeys (key, id, name, state, live_version, created_at, updated_at) VALUES ('win-back', 'jrn_1', 'Win back', 'live', 1, '2028-01-01', '2028-01-01')`,
		`INSERT INTO versions (id, journey_key, number, hash, source, files, published_at, published_by)
		 VALUES ('ver_1', 'win-back', 1, 'one', $yaml$` + source + `$yaml$, '{}', '2028-01-01', 'bench')`,
	}, `ARRAY['` + strings.Join(def.StepIDs(), "', '") + `']`, nil
}

// walks are the enrollments with their logs and what they told, for counting.
func walks() ([]string, error) {
	out, steps, err := win()
	if err != nil {
		return nil, err
	}
	return append(append(out, coupons()...),
		`INSERT INTO enrollments (id, journey_key, version, customer_id, entry_key, status, reason, seq, state, step, entered_at)
		 SELECT 'enr_' || i, 'win-back', 1, `+who+`, '', CASE WHEN i % 6 = 0 THEN 'active' ELSE 'ended' END, `+reason+`, 4, '{}',
		        (`+steps+`)[1 + i % cardinality(`+steps+`)], `+entered+` FROM generate_series(1, @n) i`,
		`INSERT INTO step_log (enrollment_id, customer_id, journey_key, seq, at, step, what, detail)
		 SELECT 'enr_' || i, `+who+`, 'win-back', l, `+entered+`, step, CASE WHEN step = '`+fork+`' THEN 'happened' ELSE 'wait' END,
		        CASE WHEN step = '`+fork+`' THEN jsonb_build_object('arm', '1') ELSE '{}' END
		 FROM generate_series(1, @n) i CROSS JOIN LATERAL unnest((`+steps+`)[:1 + i % cardinality(`+steps+`)]) WITH ORDINALITY AS t (step, l)`,
		`INSERT INTO events (id, kind, customer_id, name, properties, happened_at, received_at, applied_at, number, turn)
		 SELECT 'evt_' || name || '_' || i, 'own', `+who+`, name, jsonb_build_object('journey', 'win-back', 'version', 1, 'enrollment', 'enr_' || i, 'reason', 'finished'),
		        `+entered+`, `+entered+`, `+entered+`, n, nextval('event_turns')
		 FROM generate_series(1, @n) i CROSS JOIN (VALUES ('Journey Entered', 10), ('Journey Exited', 11)) t (name, n) WHERE n = 10 OR i % 6 <> 0`,
		`VACUUM ANALYZE step_log`,
	), nil
}

// walked are the facts and the counters that are made of them, for reading alone.
func walked() ([]string, error) {
	out, steps, err := win()
	if err != nil {
		return nil, err
	}
	month := `date_trunc('month', entered_at AT TIME ZONE 'UTC')::date`
	return append(append(out, coupons()...),
		`ALTER TABLE report_enrollments DROP CONSTRAINT report_enrollments_customer_id_fkey`,
		`INSERT INTO report_enrollments (customer_id, enrollment_id, journey_key, entered_at, holdout, reason, reached, worth, currency, got, came, took, at_step)
		 SELECT `+who+`, 'enr_' || i, 'win-back', `+entered+`, false, `+reason+`, false, 0, '', '{}', came,
		        CASE WHEN '`+fork+`' = ANY(came) THEN ARRAY['`+fork+`/' || CASE WHEN i % 32 = 0 THEN '1' ELSE 'timeout' END] ELSE '{}' END, came[cardinality(came)]
		 FROM generate_series(1, @n) i CROSS JOIN LATERAL (SELECT (`+steps+`)[:1 + i % cardinality(`+steps+`)]) t (came)`,
		`INSERT INTO report_counts SELECT 'entered', 'month', `+month+`, 0, 'win-back/', count(*), 0 FROM report_enrollments GROUP BY 3`,
		`INSERT INTO report_counts SELECT 'came', 'month', `+month+`, 0, 'win-back/' || step, count(*), 0 FROM report_enrollments, unnest(came) step GROUP BY 3, step`,
		`INSERT INTO report_counts SELECT 'took', 'month', `+month+`, 0, 'win-back/' || way, count(*), 0 FROM report_enrollments, unnest(took) way GROUP BY 3, way`,
		`INSERT INTO report_counts SELECT CASE reason WHEN '' THEN 'stands' ELSE 'left' END, 'month', `+month+`, 0, 'win-back/' || at_step, count(*), 0 FROM report_enrollments GROUP BY 1, 3, at_step`,
		`INSERT INTO report_counts SELECT 'issued', 'month', date_trunc('month', issued_at AT TIME ZONE 'UTC')::date, 0, 'comeback/', count(*), 0 FROM coupons GROUP BY 3`,
		`INSERT INTO report_counts SELECT 'redeemed', 'month', date_trunc('month', issued_at AT TIME ZONE 'UTC')::date, 0, 'comeback/EUR', count(*), 800000 * count(*) FROM coupons WHERE state = 'redeemed' GROUP BY 3`,
		`INSERT INTO report_counts SELECT 'exit', 'month', `+month+`, 0, 'win-back/finished', count(*), 0 FROM report_enrollments WHERE reason <> '' GROUP BY 3`,
	), nil
}
