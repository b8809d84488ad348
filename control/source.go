package control

import (
	"context"
	"errors"
	"slices"

	"perennial/journey"
)

// Sources is where the systems are kept that tell us of customers by webhooks, and where what they say goes.
type Sources interface {
	SourceNamed(ctx context.Context, key string) (journey.Source, error)
	SourceSecrets(ctx context.Context, key string) ([]string, error)
	PutSource(ctx context.Context, v journey.Source, secret, fresh string, by journey.Actor) (out journey.Source, made bool, err error)
	RotateSource(ctx context.Context, key, secret string, by journey.Actor) (journey.Source, error)
	DeleteSource(ctx context.Context, key string, by journey.Actor) error
	NoteDelivery(ctx context.Context, key string, d journey.SourceDelivery) error
	OrdersNumbered(ctx context.Context, number string) ([]journey.PlacedOrder, error)
	UserOfAddress(ctx context.Context, address string) (string, error)
	AppendEvents(ctx context.Context, events []journey.Event) ([]journey.Acceptance, error)
}

// SourceRequest is a source as somebody wants it.
type SourceRequest struct {
	Key, Name string
	Preset    journey.SourcePreset
	Mapping   *journey.Mapping // nil: that of the preset
	Secret    string           // that the other side chose; "": the one it has, or a fresh one
	IfNew     bool             // there must be no source of that key yet
}

// PutSource makes a source or changes it; a secret that was made here is in the answer, this once.
func (c *Control) PutSource(ctx context.Context, by journey.Actor, r SourceRequest) (journey.Source, error) {
	v := journey.Source{Key: r.Key, Name: r.Name, Preset: r.Preset}
	var faults journey.Problems
	add := func(path, message, mend string) {
		faults = append(faults, journey.Problem{Path: path, Message: message, Mend: mend})
	}
	if !journey.IsKey(r.Key) {
		add("key", "is not a key", "small letters, digits and hyphens, such as shop")
	}
	if len(r.Name) > 200 {
		add("name", "is over 200 bytes", "shorten it")
	}
	if !slices.Contains(journey.SourcePresets(), r.Preset) {
		add("preset", "is none", "shopify, woocommerce, stripe, standard or plain")
	}
	preset, has := r.Preset.Preset()
	switch {
	case r.Mapping != nil:
		v.Mapping = *r.Mapping
		faults = append(faults, v.Mapping.Check("mapping")...)
	case has:
		v.Mapping = preset
	default:
		add("mapping", "is missing, and the preset has none", `e.g. {"event": "type", "user_id": "customer.id", "events": {"order.paid": {"as": "Order Completed"}}}`)
	}
	if r.Secret != "" {
		if message, mend := r.Preset.CheckSecret(r.Secret); message != "" {
			add("secret", message, mend)
		}
	}
	if len(faults) > 0 {
		return v, &journey.Fault{Code: journey.CodeInvalid, Message: "the source cannot be kept", Problems: faults}
	}
	if r.IfNew {
		if _, err := c.Store.SourceNamed(ctx, r.Key); err == nil {
			return v, journey.Faultf(journey.CodeConflict, "there is a source %q already; choose another key, or change that one", r.Key)
		} else if journey.CodeOf(err) != journey.CodeNotFound {
			return v, err
		}
	}
	fresh := journey.NewSecret()
	out, made, err := c.Store.PutSource(ctx, v, r.Secret, fresh, by)
	if made {
		out.Secret = fresh
	}
	return out, err
}

// RotateSource gives a source another secret, which the answer shows this once unless the other side chose it. The one before is good for
// a day more, so that the other side can change in its own time.
func (c *Control) RotateSource(ctx context.Context, by journey.Actor, key, secret string) (journey.Source, error) {
	v, err := c.Store.SourceNamed(ctx, key)
	if err != nil {
		return v, err
	}
	fresh := secret == ""
	if fresh {
		secret = journey.NewSecret()
	} else if message, mend := v.Preset.CheckSecret(secret); message != "" {
		return v, invalid("secret", message, mend)
	}
	v, err = c.Store.RotateSource(ctx, key, secret, by)
	if fresh {
		v.Secret = secret
	}
	return v, err
}

// DeleteSource forgets a source; its webhooks are refused from then on.
func (c *Control) DeleteSource(ctx context.Context, by journey.Actor, key string) error {
	return c.Store.DeleteSource(ctx, key, by)
}

// TrySource says what a webhook would become, by another mapping where one is given. It is not asked for a signature, and nothing follows
// from it.
func (c *Control) TrySource(ctx context.Context, key string, mapping *journey.Mapping, in journey.SourceIn) (journey.SourceOut, error) {
	v, err := c.Store.SourceNamed(ctx, key)
	if err != nil {
		return journey.SourceOut{}, err
	}
	if mapping != nil {
		if faults := mapping.Check("mapping"); len(faults) > 0 {
			return journey.SourceOut{}, &journey.Fault{Code: journey.CodeInvalid, Message: "the mapping cannot be tried", Problems: faults}
		}
		v.Mapping = *mapping
	}
	return c.mapped(ctx, v, in)
}

// mapped is what a webhook becomes: of the customer of the order where it names nobody, of her who has the address where the source has
// no id of her.
func (c *Control) mapped(ctx context.Context, v journey.Source, in journey.SourceIn) (journey.SourceOut, error) {
	out, err := v.Map(in, c.Clock.Now())
	if err != nil || len(out.Events) == 0 {
		return out, err
	}
	if out.Order != "" {
		placed, err := c.Store.OrdersNumbered(ctx, out.Order)
		if err != nil {
			return out, err
		}
		out = out.OfOrder(placed)
	}
	if out.Email == "" || out.Events[0].UserID != "" {
		return out, nil
	}
	user, err := c.Store.UserOfAddress(ctx, out.Email)
	if err != nil || user == "" {
		return out, err
	}
	for i := range out.Events {
		out.Events[i].UserID, out.Events[i].AnonymousID = user, ""
	}
	return out, nil
}

// TakeWebhook takes a webhook of a source: once, and only as its source signed it. What became of it is kept with the source. Faults are
// not_found, unauthorized, malformed and what admit returns: it is asked when it is known whether the source has signed, so that
// strangers use up nothing of what the source may tell. What is not for us is no fault, so that nobody sends it again.
func (c *Control) TakeWebhook(ctx context.Context, key string, in journey.SourceIn, admit func(signed bool) error) (d journey.SourceDelivery, err error) {
	v, err := c.Store.SourceNamed(ctx, key)
	if err != nil {
		return d, err
	}
	secrets, err := c.Store.SourceSecrets(ctx, key)
	if err != nil {
		return d, err
	}
	stranger := v.Preset.Verify(in, secrets, c.Clock.Wall())
	if err := admit(stranger == nil); err != nil {
		return d, err
	}
	if v.Preset.IsPing(in) {
		return journey.SourceDelivery{Effect: journey.SourceIgnored, Reason: "it asks whether anybody is there", Events: []string{}}, nil
	}
	if err = stranger; err == nil {
		d, err = c.takeWebhook(ctx, v, in)
	}
	var fault *journey.Fault
	if errors.As(err, &fault) {
		d = journey.SourceDelivery{Name: d.Name, Effect: journey.SourceRefused, Reason: fault.Error()}
	} else if err != nil {
		return d, err
	}
	return d, errors.Join(err, c.Store.NoteDelivery(ctx, key, d)) // where only the note failed it comes again, without effect
}

func (c *Control) takeWebhook(ctx context.Context, v journey.Source, in journey.SourceIn) (d journey.SourceDelivery, err error) {
	out, err := c.mapped(ctx, v, in)
	d = journey.SourceDelivery{Name: out.Name, Effect: journey.SourceIgnored, Reason: out.Ignored, Events: []string{}}
	if err != nil || len(out.Events) == 0 {
		return d, err
	}
	accepted, err := c.Store.AppendEvents(ctx, out.Events)
	if err != nil {
		return d, err
	}
	d.Effect = journey.SourceAgain
	for _, a := range accepted {
		if a.Conflict { // it came before, and the mapping has changed since
			continue
		}
		d.Events = append(d.Events, a.EventID)
		if !a.Duplicate {
			d.Effect = journey.SourceTaken
		}
	}
	return d, nil
}
