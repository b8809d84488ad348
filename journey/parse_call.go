package journey

import (
	"regexp"

	"go.yaml.in/yaml/v3"
)

// webhook reads a call: { to, body, as, on_error }.
func (p *parser) webhook(n *yaml.Node) *WebhookStep {
	call := &WebhookStep{OnError: TroubleGoOn}
	f := p.fields(n, "webhook", "to", "body", "as", "on_error")
	if f == nil {
		return call
	}
	if v := f.need("to", "add which endpoint, such as `to: billing`"); v != nil {
		call.To = p.key(v, "the endpoint")
		p.names("webhooks", v)
	}
	if v := f.get("body"); v != nil {
		const mend = "write `body: { order_id: { trigger: order_id } }`"
		switch {
		case v.Kind != yaml.MappingNode:
			p.fault(v, "body is "+kindOf(v)+", not a map of values", mend)
		case isValue(v):
			p.fault(v, "body is one value, not a map of values", mend)
		default:
			call.Body = p.shape(v, "body")
		}
	}
	if v := f.get("as"); v != nil {
		call.As = p.alias(v, "as")
	}
	if v := f.get("on_error"); v != nil {
		call.OnError = p.trouble(v, "on_error")
	}
	return call
}

// notify reads { team, text }.
func (p *parser) notify(n *yaml.Node) *NotifyStep {
	notice := &NotifyStep{}
	f := p.fields(n, "notify", "team", "text")
	if f == nil {
		return notice
	}
	if v := f.need("team", "add whom it tells, such as `team: sales`"); v != nil {
		notice.Team = p.key(v, "the team")
	}
	if v := f.need("text", "add what it says, such as `text: \"{{ customer.first_name }} wants a call\"`"); v != nil {
		notice.Text = p.text(v, "the text")
	}
	return notice
}

// shape reads a tree in which a value may stand anywhere.
func (p *parser) shape(n *yaml.Node, what string) *Shape {
	switch {
	case n.Kind == yaml.SequenceNode:
		list := &Shape{}
		for _, item := range n.Content {
			list.Items = append(list.Items, p.shape(item, what))
		}
		return list
	case n.Kind == yaml.MappingNode && !isValue(n):
		object := &Shape{Map: true}
		for i := 0; i+1 < len(n.Content); i += 2 {
			object.Fields = append(object.Fields, Field{Name: n.Content[i].Value, Shape: p.shape(n.Content[i+1], what)})
		}
		return object
	}
	return &Shape{Value: p.value(n, what)}
}

// secretEnv is what the name of a secret looks like. Nothing else of the environment can be reached from a journey.
var secretEnv = regexp.MustCompile(`^WEBHOOK_[A-Z0-9_]{1,80}$`)

// endpoint reads { url, secret_env }.
func (p *parser) endpoint(key string, n *yaml.Node) Endpoint {
	e := Endpoint{Key: key}
	f := p.fields(n, "a webhook", "url", "secret_env")
	if f == nil {
		return e
	}
	if v := f.need("url", "add where it is, such as `url: https://billing.example.com/perennial`"); v != nil {
		e.URL = p.name(v, "the url")
		if message, mend := CheckURL(e.URL); message != "" && e.URL != "" {
			p.fault(v, "the url "+message, mend)
		}
	}
	if v := f.need("secret_env", "add the variable of the server's environment that holds the secret, such as `secret_env: WEBHOOK_BILLING`"); v != nil {
		e.SecretEnv = p.name(v, "secret_env")
		if e.SecretEnv != "" && !secretEnv.MatchString(e.SecretEnv) {
			p.fault(v, "secret_env "+quote(e.SecretEnv)+" is not the name of a webhook's secret", "begin it with WEBHOOK_, and use capital letters, digits and _")
		}
	}
	return e
}
