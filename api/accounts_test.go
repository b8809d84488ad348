package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/journey"
)

func (s *shop) group(user, account string, traits m) {
	s.t.Helper()
	s.must(journey.RoleIngest, http.MethodPost, "/v1/group", m{"userId": user, "groupId": account, "traits": traits})
	s.apply()
}

func TestAccountsAreLookedAtAndChanged(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.group("ada", "looms/1", m{"name": "Looms", "plan": "free", "seats": 5, "role": "admin"})
	s.group("bo", "looms/1", nil)
	const path = "/api/accounts/account:looms%2F1"
	got := s.must(journey.RoleViewer, http.MethodGet, path+"?limit=1", nil)
	id := got.json["id"].(string)
	assert.Equal(t, []any{"looms/1", "Looms"}, []any{got.json["external_id"], got.json["name"]})
	first := got.json["members"].(m)
	second := s.must(journey.RoleViewer, http.MethodGet, "/api/accounts/"+id+"?limit=1&cursor="+first["next"].(string), nil).json["members"].(m)
	assert.Nil(t, second["next"])
	roles := map[any]any{}
	for _, list := range []m{first, second} {
		member := list["data"].([]any)[0].(m)
		roles[member["external_id"]] = member["role"]
	}
	assert.Equal(t, map[any]any{"ada": "admin", "bo": ""}, roles)

	changed := s.must(journey.RoleSupport, http.MethodPut, path, m{"attributes": m{"plan": "pro", "seats": nil, "name": "Looms & Sons"}})
	assert.Equal(t, m{"plan": "pro", "name": "Looms & Sons"}, changed.json["attributes"], "what is not named stays; null forgets")
	assert.Equal(t, "Looms & Sons", changed.json["name"])
	s.must(journey.RoleSupport, http.MethodPut, path+"/members/user:bo", m{"role": "finance"})
	s.must(journey.RoleSupport, http.MethodPut, path+"/members/user:ada", m{"role": ""})
	assert.Contains(t, s.must(journey.RoleViewer, http.MethodGet, path, nil).body, `"role":"finance"`)
	export := s.must(journey.RoleSupport, http.MethodGet, "/api/customers/user:bo/export", nil)
	assert.Contains(t, export.body, "finance")
	assert.Contains(t, export.body, "Looms & Sons")
	audit := s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil)
	assert.Contains(t, audit.body, `"verb":"account.set","target":"`+id+`","detail":{"attributes":["name","plan","seats"]}`)
	assert.Contains(t, audit.body, `"verb":"account.role","target":"`+s.customer("bo")+`"`)
	assert.NotContains(t, audit.body, "Sons", "values stand in the account alone")

	bo := s.customer("bo")
	s.must(journey.RoleSupport, http.MethodDelete, "/api/customers/user:bo", m{"reason": "she asked"})
	assert.NotContains(t, s.must(journey.RoleViewer, http.MethodGet, path, nil).body, bo)
	assert.NotContains(t, s.must(journey.RoleAdmin, http.MethodGet, "/api/audit", nil).body, "finance")
}

func TestAccountsRefuseWithTheMend(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.group("ada", "looms", nil)
	s.identify("eve", m{"email": "eve@example.com"})
	for _, c := range []struct {
		path   string
		body   any
		status int
		says   string
	}{
		{"/api/accounts/account:none", m{"attributes": m{"a": 1}}, 404, "no account"},
		{"/api/accounts/acc_none", m{"attributes": m{"a": 1}}, 404, "no account"},
		{"/api/accounts/account:looms", m{}, 422, "names no attribute"},
		{"/api/accounts/account:looms", m{"attributes": m{"name": 5}}, 422, "attributes.name"},
		{"/api/accounts/account:looms", m{"attributes": m{"role": "admin"}}, 422, "/members/"},
		{"/api/accounts/account:looms", m{"name": "Looms"}, 400, "name"},
		{"/api/accounts/account:looms/members/user:ada", m{}, 422, "role"},
		{"/api/accounts/account:looms/members/user:eve", m{"role": "admin"}, 409, "not a member"},
		{"/api/accounts/account:looms/members/user:none", m{"role": "admin"}, 404, "no customer"},
	} {
		refused := s.call(journey.RoleSupport, http.MethodPut, c.path, c.body)
		require.Equal(t, c.status, refused.status, "%s %v: %s", c.path, c.body, refused.body)
		assert.Contains(t, refused.body, c.says)
	}
	assert.Equal(t, 400, s.call(journey.RoleViewer, http.MethodGet, "/api/accounts/account:looms?cursor=x", nil).status)
}
