package journey

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func stepKinds() []string {
	return []string{"send", "wait", "wait_for", "branch", "split", "coupon", "survey", "task", "set", "start", "exit",
		"repeat", "leave", "consent", "suppress", "pause", "webhook", "notify"}
}

// steps reads a list of steps. A step that cannot be read is reported and left out.
func (p *parser) steps(n *yaml.Node, what string) []*Step {
	var out []*Step
	for _, item := range p.list(n, what) {
		if len(p.placed) == maxSteps {
			p.fault(item, fmt.Sprintf("the journey has more than %d steps", maxSteps), "move some into a journey of their own")
			p.unread = true
			break
		}
		if s := p.step(item); s != nil {
			out = append(out, s)
		} else {
			p.unread = true
		}
	}
	return out
}

// then reads the steps of an arm where they must be written.
func (p *parser) then(f *fields) []*Step {
	v := f.need("then", "add what happens then, such as `then: [ { send: hello } ]`")
	if v == nil {
		return nil
	}
	return p.steps(v, "then")
}

func (p *parser) step(n *yaml.Node) *Step {
	if n.Kind != yaml.MappingNode {
		p.fault(n, fmt.Sprintf("a step is %s, not a map", kindOf(n)), "write `- send: hello`, for instance")
		return nil
	}
	kind := p.stepKind(n)
	if kind == "" {
		return nil
	}
	f := p.fields(n, "a step", "id", kind)
	v := f.get(kind)
	if v == nil {
		return nil
	}
	place := &placed{node: n, id: f.get("id"), step: &Step{Kind: Kind(kind), Line: n.Line}}
	if place.id != nil {
		place.step.ID, place.step.HasID = p.key(place.id, "the id"), true
	}
	p.placed = append(p.placed, place)
	place.base = orElse(p.body(place.step, v), strings.ReplaceAll(kind, "_", "-"))
	return place.step
}

// stepKind finds the one key of a step that names its kind.
func (p *parser) stepKind(n *yaml.Node) string {
	const place = "a step"
	if hasKey(n, stepKinds()) {
		return p.head(n, place, stepKinds(), nil)
	}
	before := len(p.faults)
	p.fields(n, place, append([]string{"id"}, stepKinds()...)...)
	if len(p.faults) == before {
		p.fault(n, "a step lacks its kind", "add one of "+listing(stepKinds()))
	}
	return ""
}

// body reads what a step does, and returns the id that it gets when none is written.
func (p *parser) body(s *Step, n *yaml.Node) string {
	switch s.Kind {
	case StepSend:
		s.Send = p.send(n)
		return s.Send.Message
	case StepWait:
		s.Wait = &Wait{}
		return p.wait(s.Wait, n)
	case StepWaitFor:
		s.WaitFor = &WaitFor{}
		return p.waitFor(s.WaitFor, n)
	case StepBranch:
		s.Branch = p.branch(n)
		return "branch" + dashed(armWord(s.Branch))
	case StepSplit:
		p.split(s, n)
		return splitBase(s.Split)
	case StepCoupon:
		s.Coupon = p.coupon(n)
		return "coupon" + dashed(s.Coupon.As)
	case StepSurvey:
		s.Survey = p.survey(n)
		return "survey" + dashed(s.Survey.Ask)
	case StepTask:
		s.Task = p.task(n)
		return "task" + dashed(slug(withoutActions(s.Task.Title)))
	case StepSet:
		s.Set = p.set(n)
		return setBase(s.Set)
	case StepStart:
		s.Start = p.start(n)
		return "start" + dashed(s.Start.Journey)
	case StepExit:
		s.Exit = p.name(n, "the reason")
		return "exit" + dashed(slug(s.Exit))
	case StepWebhook:
		s.Webhook = p.webhook(n)
		return "webhook" + dashed(s.Webhook.To)
	case StepNotify:
		s.Notify = p.notify(n)
		return "notify" + dashed(s.Notify.Team)
	default:
		return p.change(s, n)
	}
}

func (p *parser) send(n *yaml.Node) *Send {
	send := &Send{IfUnsendable: TroubleGoOn}
	if n.Kind != yaml.MappingNode {
		send.Message = p.key(n, "the message")
		return send
	}
	f := p.fields(n, "send", "message", "to", "from", "reply_to", "topic", "channel", "window", "expires", "unless", "subjects", "winner", "if_unsendable")
	if v := f.need("message", "add which one, such as `message: hello`"); v != nil {
		send.Message = p.key(v, "the message")
	}
	if v := f.get("to"); v != nil {
		send.Role = p.recipient(v)
	}
	if v := f.get("from"); v != nil {
		send.From = p.address(v, "from")
	}
	if v := f.get("reply_to"); v != nil {
		send.ReplyTo = p.address(v, "reply_to")
	}
	if v := f.get("topic"); v != nil {
		send.Topic = p.key(v, "the topic")
		p.names("topics", v)
	}
	if v := f.get("channel"); v != nil {
		send.Channel = p.channel(f, v)
	}
	if v := f.get("window"); v != nil {
		send.AnyTime = p.word(v, "window", "any") == "any"
	}
	if v := f.get("expires"); v != nil {
		send.Expires = p.duration(v, "expires")
	}
	if v := f.get("unless"); v != nil {
		send.Unless = p.cond(v)
	}
	p.subjects(f, send)
	if v := f.get("if_unsendable"); v != nil {
		send.IfUnsendable = p.trouble(v, "if_unsendable")
		if send.Role != "" && send.IfUnsendable == TroubleHold {
			p.fault(v, "nothing tells a journey that holds when a colleague gets a role, an address or a consent", "write `go_on` or `exit`")
		}
	}
	return send
}

// channel reads what a message goes out by, `email` or the key of an endpoint; it returns the key, "" for e-mail.
func (p *parser) channel(f *fields, n *yaml.Node) string {
	key := p.key(n, "the channel")
	p.names("webhooks", n)
	if key == ChannelEmail {
		return ""
	}
	for _, word := range []string{"from", "reply_to"} {
		if v := f.get(word); v != nil {
			p.fault(v, fmt.Sprintf("%q is a line of e-mail, and this message goes out by %q", word, key), "leave it out")
		}
	}
	return key
}

// recipient reads whom a message is to, `customer` or { account: ROLE }; it returns the role, "" for the customer herself.
func (p *parser) recipient(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		p.word(n, "to", "customer")
		return ""
	}
	f := p.fields(n, "to", "account")
	if f == nil {
		return ""
	}
	v := f.need("account", "add which role, such as `account: admin`")
	if v == nil {
		return ""
	}
	return p.name(v, "the role")
}

func (p *parser) trouble(n *yaml.Node, what string) OnTrouble {
	return OnTrouble(p.word(n, what, string(TroubleGoOn), string(TroubleHold), string(TroubleExit)))
}

// address reads one e-mail address, with or without a name.
func (p *parser) address(n *yaml.Node, what string) string {
	text := p.name(n, what)
	if text == "" {
		return ""
	}
	if _, err := mail.ParseAddress(text); err != nil {
		p.fault(n, fmt.Sprintf("%s: %s is not an address", what, quote(text)), "write \"Mara <mara@example.com>\", in quotes")
	}
	return text
}

func (p *parser) branch(n *yaml.Node) []Arm {
	var arms []Arm
	items := p.list(n, "branch")
	for i, item := range items {
		switch p.head(item, "an arm", []string{"if", "else"}, []string{"then"}) {
		case "if":
			arms = append(arms, p.arm(item, "an arm"))
		case "else":
			arm := Arm{Else: true}
			if v := p.fields(item, "an arm", "else").get("else"); v != nil {
				arm.Then = p.steps(v, "else")
			}
			if i+1 < len(items) {
				p.fault(item, "the arms after this one can never be taken", "move `else` to the end")
			}
			if i == 0 && len(items) == 1 {
				p.fault(item, "a branch with nothing but `else` is no branch", "add an arm with `if` and `then` before it")
			}
			arms = append(arms, arm)
		}
	}
	return arms
}

// arm reads { if, then }.
func (p *parser) arm(n *yaml.Node, place string) Arm {
	var arm Arm
	f := p.fields(n, place, "if", "then")
	if f == nil {
		return arm
	}
	if v := f.need("if", "add when it is taken, such as `if: { attribute: plan, eq: pro }`"); v != nil {
		arm.If = p.cond(v)
	}
	arm.Then = p.then(f)
	return arm
}

// variant reads { name, share, then }; known says whether its share could be read.
func (p *parser) variant(n *yaml.Node, seen map[string]bool) (v Variant, known bool) {
	f := p.fields(n, "a variant", "name", "share", "then")
	if f == nil {
		return v, false
	}
	if name := f.need("name", "add what reports call it, such as `name: a`"); name != nil {
		v.Name = p.name(name, "the name")
		if seen[v.Name] {
			p.fault(name, quote(v.Name)+" is the name of two variants", "give each a name of its own")
		}
		seen[v.Name] = true
	}
	if share := f.need("share", "add its percentage, such as `share: 50`"); share != nil {
		before := len(p.faults)
		v.Share = p.whole(share, "the share", 1, 100)
		known = len(p.faults) == before
	}
	v.Then = p.then(f)
	return v, known
}

func (p *parser) coupon(n *yaml.Node) *CouponStep {
	coupon := &CouponStep{WhenEmpty: TroubleHold}
	f := p.fields(n, "coupon", "pool", "expires", "as", "when_empty")
	if f == nil {
		return coupon
	}
	if v := f.need("pool", "add where the code is taken from, such as `pool: comeback`"); v != nil {
		coupon.Pool = p.key(v, "the pool")
		p.names("pools", v)
		coupon.As = coupon.Pool
	}
	if v := f.get("expires"); v != nil {
		coupon.Expires = p.duration(v, "expires")
	}
	if v := f.get("as"); v != nil {
		coupon.As = p.alias(v, "as")
	}
	if v := f.get("when_empty"); v != nil {
		coupon.WhenEmpty = p.trouble(v, "when_empty")
	}
	return coupon
}

func (p *parser) set(n *yaml.Node) []Assignment {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.fault(n, "set is "+kindOf(n)+" and not a map of attributes", "write `set: { tier: top }`")
		return nil
	}
	var out []Assignment
	for i := 0; i+1 < len(n.Content); i += 2 {
		a, v := Assignment{Attribute: p.name(n.Content[i], "the attribute")}, n.Content[i+1]
		switch {
		case v.Kind != yaml.MappingNode || isValue(v):
			a.Value = p.anything(v, "set")
		case hasKey(v, []string{"add"}):
			a.Add = p.added(v)
		default:
			p.strangeValue(v)
		}
		out = append(out, a)
	}
	return out
}

// strangeValue reports a map that is neither a value nor `add`.
func (p *parser) strangeValue(n *yaml.Node) {
	before := len(p.faults)
	p.fields(n, "a value", slices.Concat(valueNames(), []string{"add", "get", "default"})...)
	if len(p.faults) == before {
		p.fault(n, "this map is no value", "write a literal, `{ add: 1 }` or a value such as `{ trigger: plan }`")
	}
}

func (p *parser) added(n *yaml.Node) *float64 {
	v := p.fields(n, "a value", "add").get("add")
	if v == nil {
		return nil
	}
	var sum float64
	switch number := p.count(v, "add").(type) {
	case int64:
		sum = float64(number)
	case float64:
		sum = number
	}
	return &sum
}

func (p *parser) start(n *yaml.Node) *Start {
	start := &Start{}
	if n.Kind != yaml.MappingNode {
		start.Journey = p.key(n, "the journey")
		return start
	}
	f := p.fields(n, "start", "journey", "with")
	if v := f.need("journey", "add which one, such as `journey: win-back`"); v != nil {
		start.Journey = p.key(v, "the journey")
	}
	v := f.get("with")
	switch {
	case v == nil:
		return start
	case v.Kind != yaml.MappingNode:
		p.fault(v, "with is "+kindOf(v)+", not a map of properties", "write `with: { order_id: { trigger: order_id } }`")
		return start
	}
	start.With = map[string]Value{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		start.With[p.name(v.Content[i], "the property")] = p.anything(v.Content[i+1], "with")
	}
	return start
}
