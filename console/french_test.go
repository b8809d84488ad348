package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/journey"
)

// Who reads French reads what happened to a customer, why she did not get it, and what was wrong with a form, in French.
func TestDecisionsAndFaultsInFrench(t *testing.T) {
	t.Parallel()
	o := open(t)
	ada, ben, cleo := o.play()
	v := o.as(journey.RoleSupport)
	fr := []string{"Accept-Language", "fr"}
	page := v.get("/customers/"+cleo, fr...).body
	assert.Contains(t, page, "pas envoyé (we-miss-you) : pas de consentement pour offers")
	assert.NotContains(t, page, "not sent")
	page = v.get("/customers/"+ada, fr...).body
	assert.Contains(t, page, "attend 5 jours, jusqu’à ")
	assert.Contains(t, page, "est entrée dans win-back, version 1")
	assert.Contains(t, page, "tâche pour support : Call her")
	for _, english := range []string{"waits ", "entered ", "task for", "queued ", "told us"} {
		assert.NotContains(t, page, english)
	}
	got := v.post("/customers/"+ben+"/pause", url.Values{"reason": {""}, "on_resume": {"keep"}}, fr...)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	assert.Contains(t, got.body, "une pause a besoin d’une raison de 500 octets au plus")
	got = v.get("/customers/none", fr...)
	assert.Contains(t, got.body, "pas de cliente « none »")
	got = o.visitor().post("/sign-in", url.Values{"email": {"x@oak.example"}, "password": {"not this one at all"}}, fr...)
	assert.Contains(t, got.body, "l’adresse ou le mot de passe est incorrect")
	assert.Contains(t, v.get("/customers/"+cleo).body, "no consent for offers", "others read English")
}
