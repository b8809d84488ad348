package liquid

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"perennial/journey"
	"perennial/testenv"
)

// What each becomes; with what is said of it, where something is.
func TestConvert(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, out, says string }{
		{"Hello", "Hello", ""}, {"a { b } c {", "a { b } c {", ""}, {"<style>a{color:#fff}</style>", "<style>a{color:#fff}</style>", ""},
		// Variables, by whatever name they go.
		{`{{ customer.first_name }}`, `{{ customer.first_name }}`, ""},
		{`{{customer.first_name|default:"there"}}`, `{{ customer.first_name | default "there" }}`, ""},
		{`{{ customer.first_name | default: 'it"s you' }}`, `{{ customer.first_name | default "it\"s you" }}`, ""},
		{`{{ person.email }} {{ contact.firstname }} {{ user.plan }}`, `{{ customer.email }} {{ customer.first_name }} {{ customer.plan }}`, ""},
		{"{{${first_name} | default: 'you'}}", `{{ customer.first_name | default "you" }}`, ""},
		{`{{custom_attribute.${favourite}}} {{event_properties.${order_id}}} {{canvas_entry_properties.${sku}}}`, `{{ customer.favourite }} {{ trigger.order_id }} {{ trigger.sku }}`, ""},
		{`{{ event.order_id }} {{ trigger["order_id"] }} {{ event['total'] }}`, `{{ trigger.order_id }} {{ trigger.order_id }} {{ trigger.total }}`, ""},
		{`{{ shop.name }}, {{ organization.full_address }}`, `{{ brand.name }}, {{ brand.address }}`, ""},
		{`{{ unsubscribe_url }} {{ ${set_user_to_unsubscribed_url} }} {% view_in_browser_url %}`, `{{ unsubscribe_url }} {{ unsubscribe_url }} {{ view_url }}`, ""},
		{`{% unsubscribe 'Leave us' %}`, `<a href="{{ unsubscribe_url }}">Leave us</a>`, ""},
		{`{{ plan }}`, `{{ customer.plan }}`, "was taken for an attribute"},
		{`{{ order.total_price }}`, `{{ trigger.total_price }}`, "see that the event"},
		{`{{ products.colour }}`, `{{ products.colour }}`, "nothing here is called products.colour"},
		{`{{ customer["shoe size"] }}`, `{{ customer["shoe size"] }}`, "a name is one word"},
		{`{{ event.items[0].name }}`, `{{ event.items[0].name }}`, "one item of a list"},
		{`{{ event.items.first.name }}`, `{{ event.items.first.name }}`, "one item of a list"},
		{`{{ coupon_code }}`, `{{ coupon_code }}`, "coupon step"},
		{`{{ }}`, `{{ }}`, "nothing to show"}, {`{{ customer.name`, `{{ customer.name`, "not closed"},
		// Filters.
		{`{{ customer.plan | upcase }} {{ customer.plan | downcase }} {{ event.items | size }}`, `{{ customer.plan | upper }} {{ customer.plan | lower }} {{ trigger.items | len }}`, ""},
		{`{{ customer.first_name | capitalize }}`, `{{ customer.first_name | title }}`, "begins every word"},
		{`{{ customer.first_name | escape }}`, `{{ customer.first_name }}`, ""},
		{`{{ customer.first_name | strip | default: "you" }}`, `{{ customer.first_name | default "you" }}`, "strip is left out"},
		{`{{ customer.first_name | append: "!" | prepend: "Dear " }}`, `Dear {{ customer.first_name }}!`, ""},
		{`{{ customer.points | plus: 10 }}`, `{{ customer.points | plus: 10 }}`, "plus has no counterpart"},
		{`{{ customer.bio | replace: "|", "}}" }}`, `{{ customer.bio | replace: "|", "}}" }}`, "replace has no counterpart"},
		{`{{ event.total | money }}`, `{{ event.total | money }}`, "which currency"},
		{`{{ event.at | date: "%B %d, %Y" }} {{ event.at | date: "%H:%M" }}`, `{{ trigger.at | date "long" }} {{ trigger.at | date "time" }}`, ""},
		{`{{ event.at | date: "%Y-%m-%d" }} {{ event.at | date: "%a %-d %b %y" }}`, `{{ trigger.at | date "2006-01-02" }} {{ trigger.at | date "Mon 2 Jan 06" }}`, ""},
		{`{{ event.at | date: "%Y, week 12" }}`, `{{ event.at | date: "%Y, week 12" }}`, "has no counterpart"},
		{`{{ event.at | date: "%s" }} {{ event.at | date: "%" }}`, `{{ event.at | date: "%s" }} {{ event.at | date: "%" }}`, "has no counterpart"},
		{`{{ 'now' | date: "%Y" }}`, `{{ 'now' | date: "%Y" }}`, "the date of today"},
		// Conditions.
		{`{% if customer.first_name %}A{% elsif customer.plan == "gold" %}B{% else %}C{% endif %}`, `{{ if customer.first_name }}A{{ else if eq customer.plan "gold" }}B{{ else }}C{{ end }}`, ""},
		{`{%- if customer.orders>=3 -%} A {%- endif -%}`, `{{- if gte customer.orders 3 -}} A {{- end -}}`, ""},
		{`{% unless customer.plan == 'gold' %}A{% else %}B{% endunless %}`, `{{ if not (eq customer.plan "gold") }}A{{ else }}B{{ end }}`, ""},
		{`{% if a.x %}A{% endif %}`, `{% if a.x %}A{% endif %}`, "nothing here is called a.x"},
		{`{% if customer.a == 1 and customer.b != 2 or customer.c %}A{% endif %}`, `{{ if and (eq customer.a 1) (or (ne customer.b 2) customer.c) }}A{{ end }}`, ""},
		{`{% if customer.a == blank %}A{% endif %}{% if customer.b != nil %}B{% endif %}{% if customer.c == false %}C{% endif %}{% if customer.d != true %}D{% endif %}`,
			`{{ if not customer.a }}A{{ end }}{{ if customer.b }}B{{ end }}{{ if not customer.c }}C{{ end }}{{ if not customer.d }}D{{ end }}`, ""},
		{`{% if event.items.size > 0 %}A{% endif %}`, `{{ if gt (len trigger.items) 0 }}A{{ end }}`, ""},
		{"{% if ${first_name} == 'Ada Lee' %}A{% endif %}", `{{ if eq customer.first_name "Ada Lee" }}A{{ end }}`, ""},
		{`{% if customer.tags contains "vip" %}A{% else %}B{% endif %}`, `{% if customer.tags contains "vip" %}A{% else %}B{% endif %}`, "contains has no counterpart"},
		{`{% if customer.a === 1 %}A{% endif %}`, `{% if customer.a === 1 %}A{% endif %}`, "no comparison ==="},
		{`{% if customer.a %}A`, `{{ if customer.a }}A`, "is not closed"}, {`A{% endif %}`, `A{% endif %}`, "without"},
		// Cases.
		{"{% case customer.plan %}\n  {% when 'gold', 'silver' %}A{% when \"iron\" or 'tin' %}B{% else %}C{% endcase %}",
			`{{ if eq customer.plan "gold" "silver" }}A{{ else if eq customer.plan "iron" "tin" }}B{{ else }}C{{ end }}`, ""},
		{`{% case customer.plan %}{% endcase %}`, ``, ""}, {`{% when 1 %}`, `{% when 1 %}`, "without"},
		// Loops and variables.
		{`{% for p in event.products %}{{ p.name | default: "it" }}{% else %}none{% endfor %}{{ p.name }}`,
			`{{ range $p := trigger.products }}{{ $p.name | default "it" }}{{ else }}none{{ end }}{{ p.name }}`, "nothing here is called p.name"},
		{`{% for a in event.a %}{% for b in a.list %}{{ a.x }}{{ b }}{% if b.y %}{% break %}{% endif %}{% endfor %}{% endfor %}`,
			`{{ range $a := trigger.a }}{{ range $b := $a.list }}{{ $a.x }}{{ $b }}{{ if $b.y }}{{ break }}{{ end }}{{ end }}{{ end }}`, ""},
		{`{% for p in event.products limit:3 %}x{% endfor %}`, `{{ range $p := trigger.products }}x{{ end }}`, "limit:3"},
		{`{% for i in (1..3) %}x{% endfor %}`, `{% for i in (1..3) %}x{% endfor %}`, "numbers"},
		{`{% for p in event.p %}{{ forloop.index }}{% endfor %}`, `{{ range $p := trigger.p }}{{ forloop.index }}{{ end }}`, "forloop.index has no counterpart"},
		{`{% assign who = customer.first_name | default: "you" %}{{ who }}{% assign who = "me" %}{{ who }}`,
			`{{ $who := customer.first_name | default "you" }}{{ $who }}{{ $who = "me" }}{{ $who }}`, ""},
		{`{% if customer.a %}{% assign x = 1 %}{{ x }}{% endif %}`, `{{ if customer.a }}{{ $x := 1 }}{{ $x }}{{ end }}`, "ends with the {% if %}"},
		// What is left out, what stays, what cannot be.
		{`a{% comment %} {{ secret }} {% endcomment %}b{# and this #}c`, `abc`, ""},
		{`{% raw %}{{ x }}{% endraw %}`, `{{ "{{" }} x }}`, ""}, {`{% raw %}`, `{% raw %}`, "not closed"},
		{`{% capture x %}A{% endcapture %}`, `{% capture x %}A{% endcapture %}`, "capture %} has no counterpart"},
		{`{% include 'footer' %}`, `{% include 'footer' %}`, "include %} has no counterpart"},
		{`{% abort_message('x') %}`, `{% abort_message('x') %}`, "has no counterpart"},
		{`{% echo customer.plan %}`, `{{ customer.plan }}`, ""},
		// Ours stays ours.
		{`{{ if eq customer.plan "gold" }}{{ button "Go" "https://x.example" }}{{ else }}{{ range $p := trigger.p }}{{ $p.x }}{{ end }}{{ end }}`,
			`{{ if eq customer.plan "gold" }}{{ button "Go" "https://x.example" }}{{ else }}{{ range $p := trigger.p }}{{ $p.x }}{{ end }}{{ end }}`, ""},
		{`{{ customer.first_name | default "there" }} {{ (coupon "offer").expires_at }} {{/* note */}}`, `{{ customer.first_name | default "there" }} {{ (coupon "offer").expires_at }} {{/* note */}}`, ""},
	} {
		got, problems := Convert("x.html", c.in)
		assert.Equal(t, c.out, got, c.in)
		if c.says == "" {
			assert.Empty(t, problems, c.in)
		} else {
			assert.Contains(t, problems.Error(), c.says, c.in)
		}
	}
}

// A whole message becomes one that our language takes; each fault has its place.
func TestAWholeMessage(t *testing.T) {
	t.Parallel()
	source := "---\r\nsubject: {{ customer.first_name | default: 'Hello' }}, your order\r\n---\r\n{% if event.items.size > 0 %}<ul>\r\n{% for i in event.items %}<li>{{ i.name | capitalize }}</li>{% endfor %}</ul>{% endif %}\r\n  <p>{{ event.total | money }}</p>"
	got, problems := Convert("order.html", source)
	require.Len(t, problems, 2)
	assert.Equal(t, journey.Problem{File: "order.html", Line: 5, Column: 31, Message: "capitalize became title, which begins every word with a capital",
		Mend: "take it out where only the first should", Warning: true}, problems[0])
	assert.Equal(t, []int{6, 6}, []int{problems[1].Line, problems[1].Column})
	ours := strings.Replace(got, "| money", `| money "EUR"`, 1)
	ours = strings.ReplaceAll(ours, "event.total", "trigger.total")
	_, faults := journey.ParseText("order.html", ours, journey.TextOptions{})
	assert.Empty(t, faults)
	text, err := journey.RenderText(ours, map[string]any{"trigger": map[string]any{"total": 12.5, "items": []any{map[string]any{"name": "linen sheet"}}}})
	require.NoError(t, err)
	assert.Contains(t, text, "subject: Hello, your order")
	assert.Contains(t, text, "<li>Linen Sheet</li>")
}

// Everything in the table that is converted without a word is read by our language.
func TestWhatIsConvertedCanBeRead(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`{% for a in event.a %}{% for b in a.list %}{{ a.x }}{{ b }}{% if b.y %}{% continue %}{% endif %}{% endfor %}{% endfor %}`,
		`{% assign x = customer.a %}{% if x == 1 and customer.b or x contains_not %}{% endif %}`, `{% assign n = event.items.size %}{% if n > 2 %}many{% endif %}`,
		`{% raw %}{{ x }}{% endraw %}`, `{% case customer.a %}{% when 1 %}A{% else %}B{% endcase %}`, `{{ event.at | date: "%A, %B %d" }}`,
	} {
		got, problems := Convert("", in)
		if len(problems) > 0 {
			continue
		}
		_, faults := journey.ParseText("", got, journey.TextOptions{})
		assert.Empty(t, faults, got)
		_, err := journey.RenderText(got, map[string]any{"trigger": map[string]any{"a": []any{map[string]any{"list": []any{"b"}}}}})
		assert.NoError(t, err, got)
	}
}

// No input breaks it, and what it has converted it leaves alone.
func TestAnyText(t *testing.T) {
	t.Parallel()
	part := rapid.SampledFrom([]string{"{{", "}}", "{%", "%}", "{#", "#}", " ", "\n", "if ", "endif", "for x in ", "event.a", "case ", "when ", "'", `"`, "|", ":", "date",
		"%", "-", "=", "(", ")", "[", "]", "$", "{", "}", ".", "x", "é", "default", "raw", "endraw", "comment", "assign y =", "1"})
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(part, 0, 40).Draw(t, "source"), "")
		got, problems := Convert("", source)
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Fatalf("%q: %v", source, p)
			}
		}
		if len(problems) == 0 {
			again, _ := Convert("", got)
			if again != got {
				t.Fatalf("%q became %q and then %q", source, got, again)
			}
		}
	})
}

// A hostile text costs no more than an honest one of its length.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"{#", "{{", "{%", "{% raw %}", "{% comment %}", "{% if customer.a %}", "{% for p in event.p %}", "{{ p.x }}", "{% assign a = 1 %}", "'", "{{ a | b: '",
		"{{ customer" + strings.Repeat(".a", 1000) + " }}", "{{ a" + strings.Repeat("| b", 1000) + " }}", "{% if a" + strings.Repeat(" or a", 500) + " %}"} {
		source := strings.Repeat(part, journey.TextMaxSource/len(part))
		took := testenv.Processor(t, func() { Convert("", source) })
		assert.Less(t, took, 10*time.Second, part[:min(len(part), 40)])
	}
	_, problems := Convert("", strings.Repeat("x", journey.TextMaxSource+1))
	assert.Len(t, problems, 1)
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for _, yes := range []string{"{% if x %}", `{{ a | default: "b" }}`, "{{${first_name}}}"} {
		assert.True(t, Spoken(yes), yes)
	}
	for _, no := range []string{"", "Hello", `{{ a | default "b" }}`, `{{ button "a: b" "https://x" }}`} {
		assert.False(t, Spoken(no), no)
	}
}
