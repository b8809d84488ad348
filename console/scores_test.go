package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func TestScoresAreBoundedInTheConsole(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleMarketer)
	page := v.get("/scores").body
	assert.Contains(t, page, "Nobody has ordered yet")
	assert.Contains(t, page, `value="365d"`, "the bounds that hold are there all the same")
	var events []journey.Event
	for n := range 60 {
		events = append(events, journey.Event{Kind: journey.KindTrack, UserID: fmt.Sprint("u-", n), Name: "Order Completed",
			Properties: map[string]any{"order_id": fmt.Sprint(n), "total": float64(10 * (n + 1))}, At: o.store.Clock().Now()})
	}
	_, err := o.store.AppendEvents(t.Context(), events)
	require.NoError(t, err)
	o.apply()
	_, err = o.sql.Exec(t.Context(), `ANALYZE customers`)
	require.NoError(t, err)

	page = v.get("/scores").body
	assert.Contains(t, page, "Take the suggestion")
	form := fieldsOf(t, v.get("/scores?take=suggested").body, "/scores")
	assert.Equal(t, []string{"480", "360", "240", "120"}, form["monetary"], "a fifth of them each")
	assert.Contains(t, v.get("/scores?take=suggested").body, "not saved yet")
	form["monetary"] = []string{"600", "300", "200", "100"}
	counted := v.get("/scores?" + form.Encode()).body
	assert.Contains(t, counted, `value="300" required maxlength="20" inputmode="decimal" aria-label="Score 4: spent from"></td>
        <td class="number">30</td>`, "who would have which score is said before it is saved")
	got := v.post("/scores", url.Values{"recency": {"30d", "20d", "x", "90d"}, "frequency": {"5", "4", "3", "2"}, "monetary": {"4", "3", "2", "1"}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "recency[1]")
	assert.Contains(t, v.follow("/scores", form).body, "scored anew")
	scoring, err := o.store.Scoring(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []float64{100, 200, 300, 600}, scoring.Bounds.Monetary)

	viewer := o.as(journey.RoleViewer)
	assert.NotContains(t, viewer.get("/scores").body, "<button class=\"main\">Save")
	w := o.browser()
	w.signInAgain(journey.RoleMarketer)
	w.around("scores", "/scores?take=suggested")
}
