package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/console"
	"perennial/journey"
)

// Every path × every role, strangers included: who is not named in the table gets 403, a stranger the sign-in page.
func TestRolesOnEveryPath(t *testing.T) {
	t.Parallel()
	o := open(t)
	browsers := map[journey.Role]*visitor{}
	for _, role := range journey.UserRoles() {
		browsers[role] = o.as(role)
	}
	for _, p := range console.Paths() {
		path := strings.NewReplacer("{$}", "", "{token}", "none", "{id}", "none", "{key}", "none", "{step}", "none", "{number}", "1", "{message}", "none", "{file}", "none.html", "{enrollment}", "none", "{task}", "none", "{name}", "none", "{report}", "loss", "{survey}", "none").Replace(p.Path)
		stranger := o.visitor().do(p.Method, path, "")
		if len(p.Who) > 0 {
			assert.Equal(t, http.StatusSeeOther, stranger.status, "%s %s", p.Method, path)
			assert.True(t, strings.HasPrefix(stranger.path, "/sign-in"), "%s %s", p.Method, path)
		} else {
			assert.NotEqual(t, http.StatusForbidden, stranger.status, "%s %s", p.Method, path)
		}
		for role, v := range browsers {
			if path == "/sign-out" {
				continue // it would end the others
			}
			got := v.do(p.Method, path, "")
			may := len(p.Who) == 0
			for _, r := range p.Who {
				may = may || r == role
			}
			assert.Equal(t, !may, got.status == http.StatusForbidden, "%s %s as %s: %d", p.Method, path, role, got.status)
			assert.Less(t, got.status, 500, "%s %s as %s: %s", p.Method, path, role, o.log)
			assert.NotContains(t, got.path, "/sign-in?", "%s %s as %s", p.Method, path, role)
		}
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	assert.Equal(t, http.StatusNotFound, v.get("/nothing/here").status)
	assert.Contains(t, v.get("/nothing/here").body, "There is no such page")
	assert.Equal(t, http.StatusNotFound, o.visitor().get("/nothing/here").status)
	assert.Equal(t, http.StatusBadRequest, v.do(http.MethodPost, "/account", "name=%00").status)
	assert.Equal(t, http.StatusBadRequest, v.do(http.MethodPost, "/account", "name=%ff").status)
	assert.Equal(t, http.StatusBadRequest, v.get("/sign-in?next=%00").status)
	assert.Equal(t, http.StatusBadRequest, v.do(http.MethodPost, "/account", "name=%zz").status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, v.do(http.MethodPost, "/account", "name="+strings.Repeat("x", 3<<20)).status)
	assert.Equal(t, http.StatusUnprocessableEntity, v.do(http.MethodPost, "/account", "name="+strings.Repeat("x", 300)).status)
	assert.Equal(t, http.StatusBadRequest, v.do(http.MethodPost, "/switch", "do=nothing").status)
	assert.Equal(t, http.StatusNotFound, v.get("/static/none.css").status)
	css := v.get("/static/console.css")
	assert.Equal(t, "text/css; charset=utf-8", css.header.Get("Content-Type"))
	head := v.do(http.MethodHead, "/account", "")
	assert.Equal(t, http.StatusOK, head.status)
	assert.Empty(t, head.body)
}

func TestADatabaseThatIsAwayIsSaidCalmly(t *testing.T) {
	t.Parallel()
	o := open(t)
	v := o.as(journey.RoleAdmin)
	o.store.Close()
	got := v.get("/")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Contains(t, got.body, "One moment, please")
	assert.NotContains(t, got.body, "pool")
	assert.Equal(t, "5", got.header.Get("Retry-After"))
}
