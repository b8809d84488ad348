package templates_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"perennial/templates"
)

func TestMarketingUnderTransactionalWarns(t *testing.T) {
	t.Parallel()
	def := definition(t, "  - coupon: { pool: comeback, as: offer }\n  - send: { message: receipt, topic: transactional }\n  - send: offer\n")
	warnings := func(receipt string) string {
		_, problems := templates.Compile(def, templates.Files{
			"receipt.html": receipt, "offer.html": head + `<p>20% off: {{ coupon "offer" }} {{ unsubscribe_url }}</p>`,
		})
		return problems.Error()
	}
	const mend = " in a transactional message: that is marketing; send it on a topic that customers agree to, or take it out"
	assert.Empty(t, warnings(head+"<p>Your receipt. We took 20 % of it to the tax office.</p>"))
	assert.Equal(t, `receipt.html:5:2: warning: "Discount"`+mend, warnings(head+"<p>Paid.</p>\n Discount on the next one!"))
	assert.Equal(t, `receipt.html:4:4: warning: "{{ coupon \""`+mend, warnings(head+`<p>{{ coupon "offer" }}</p>`))
	assert.Equal(t, `receipt.html:4:7: warning: "unsubscribe_url"`+mend, warnings(head+"<p>{{ unsubscribe_url }}</p>"))
	assert.Equal(t, `receipt.html:2:18: warning: "10 % off"`+mend, warnings("---\nsubject: Receipt 10 % off\n---\n<p>Paid.</p>"))
}
