package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/api"
	"perennial/control"
	"perennial/intake"
	"perennial/journey"
	"perennial/simulate"
	"perennial/templates"
)

// openWithLibrary is a shop with one of the journeys that ship, published.
func openWithLibrary(t *testing.T, key string) *shop {
	t.Helper()
	s := open(t, func(d *api.Deps) {
		d.Control.Check = func(def *journey.Definition, files map[string]string) journey.Problems {
			_, problems := templates.Compile(def, files)
			return problems
		}
		d.Control.Play = func(ctx context.Context, v journey.Version, r journey.SimulationRequest) (journey.Simulation, error) {
			return simulate.Version(ctx, v, r, simulate.Options{Profile: intake.Profile})
		}
	})
	files, err := templates.Load(templates.Embedded(), key)
	require.NoError(t, err)
	source := files[templates.JourneyFile]
	delete(files, templates.JourneyFile)
	_, _, err = s.ctl.SaveDraft(t.Context(), tester, control.Edit{Key: key, Source: source, Files: files})
	require.NoError(t, err)
	_, err = s.ctl.Publish(t.Context(), tester, control.PublishRequest{Key: key})
	require.NoError(t, err)
	return s
}

// A simulation, for invented customers and for one who is known, writes not one row and takes no coupon.
func TestSimulateWritesNothing(t *testing.T) {
	t.Parallel()
	s := openWithLibrary(t, "win-back")
	s.must(journey.RoleIngest, http.MethodPost, "/v1/identify", `{"userId":"ada","traits":{"email":"ada@example.com","first_name":"Ada",
		"topics":{"offers":true}},"context":{"timezone":"Europe/Vienna"}}`)
	s.must(journey.RoleIngest, http.MethodPost, "/v1/track", `{"userId":"ada","event":"Order Completed","properties":{"order_id":"1","total":40}}`)
	s.apply()
	before := s.rows("goose_db_version")

	r := s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/simulate", `{"customers":40,"seed":7}`)
	require.Equal(t, http.StatusOK, r.status, r.body)
	assert.EqualValues(t, 40, r.json["customers"])
	assert.NotEmpty(t, r.json["steps"])
	assert.NotEmpty(t, r.json["assumed"])
	again := s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/simulate", `{"customers":40,"seed":7}`)
	assert.Equal(t, r.body, again.body, "the same seed is the same simulation")

	r = s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/win-back/simulate",
		`{"customer":"user:ada","days":120,"script":{"events":[{"after":"70d","redeem":"offer"}]}}`)
	require.Equal(t, http.StatusOK, r.status, r.body)
	people := r.json["people"].([]any)
	require.Len(t, people, 1)
	assert.Equal(t, "Ada", people[0].(map[string]any)["first_name"])
	assert.Contains(t, r.body, "Ada, how is the linen?", "her recorded order is 60 days old in July")
	assert.Contains(t, r.body, `"reason":"redeemed"`)

	assert.Equal(t, before, s.rows("goose_db_version"))
}

func TestSimulateIsBounded(t *testing.T) {
	t.Parallel()
	s := openWithLibrary(t, "win-back")
	const path = "/api/journeys/win-back/simulate"
	for body, status := range map[string]int{
		`{"customers":1001,"days":401}`:                    http.StatusUnprocessableEntity,
		`{"customers":1,"customer":"user:ada"}`:            http.StatusUnprocessableEntity,
		`{"customer":"user:nobody"}`:                       http.StatusNotFound,
		`{"version":"7"}`:                                  http.StatusNotFound,
		`{"version":"newest"}`:                             http.StatusUnprocessableEntity,
		`{"script":"events: [ { event: A, rate: 9/m } ]"}`: http.StatusUnprocessableEntity,
		`{"people":3}`:                                     http.StatusBadRequest,
	} {
		r := s.call(journey.RoleMarketer, http.MethodPost, path, body)
		assert.Equal(t, status, r.status, "%s: %s", body, r.body)
	}
	r := s.call(journey.RoleMarketer, http.MethodPost, path, `{"customers":1001,"days":401}`)
	assert.Contains(t, r.body, `"customers"`)
	assert.Contains(t, r.body, `"days"`, "all faults at once")
	assert.Equal(t, http.StatusForbidden, s.call(journey.RoleViewer, http.MethodPost, path, `{}`).status)
	assert.Equal(t, http.StatusNotFound, s.call(journey.RoleMarketer, http.MethodPost, "/api/journeys/none/simulate", `{}`).status)
}
