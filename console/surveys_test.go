package console_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

// answered gives a customer's journey one answer to nps after the other, ten days apart.
func (o *office) answered(customer string, scores ...int) {
	o.t.Helper()
	from := o.wall.now().Add(-time.Duration(len(scores)) * 10 * 24 * time.Hour)
	for i, score := range scores {
		comment := ""
		if score <= 6 {
			comment = fmt.Sprintf("It was a %d, and <b>the parcel</b> came late.", score)
		}
		o.exec(`INSERT INTO survey_invites (id, ask, form, customer_id, enrollment_id, journey_key, version, step, visit, opened_at, expires_at, answered_at, score, comment)
			SELECT $1, 'nps', '{"Key": "nps", "Kind": "nps"}', $2, id, journey_key, version, 'asked', $4, $5, $5, $5, $6, $7 FROM enrollments WHERE id = $3`,
			fmt.Sprintf("srv_%d", i), customer, o.enrollment(customer), i+1, from.Add(time.Duration(i)*10*24*time.Hour), score, comment)
	}
}

func TestSurveysInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleSupport)
	assert.Contains(t, v.get("/surveys").body, "Nobody was asked anything yet")
	assert.Equal(t, 404, v.get("/surveys/nothing").status)
	ada, _, _ := o.play()
	v = o.as(journey.RoleViewer) // days have passed: the first session is over
	o.answered(ada, 9, 10, 3, 8, 9, 6, 10, 10)
	page := v.get("/surveys").body
	assert.Contains(t, page, "Would recommend us (NPS)")
	assert.Contains(t, page, "<b>&#43;38</b>", "five promoters less two detractors, of eight")
	page = v.get("/surveys/nps").body
	assert.Contains(t, page, "It was a 3, and &lt;b&gt;the parcel&lt;/b&gt; came late.")
	assert.Contains(t, page, `<svg class="chart" role="img" aria-label="Score &#43;38. Answers: 8."`)
	assert.Contains(t, v.get("/surveys/nps?every=week&journey=win-back").body, "came late")
	assert.Contains(t, v.get("/surveys/nps?journey=onboarding").body, "No answer in the last year")

	w := o.browser()
	w.signIn(journey.RoleMarketer)
	w.around("surveys", "/surveys")
	w.around("survey", "/surveys/nps?every=week")
}

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	_, err := o.sql.Exec(o.t.Context(), sql, args...)
	require.NoError(o.t, err)
}
