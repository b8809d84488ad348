package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// story is what one customer of the demo does, and what she must find in her inbox at the end: each message once, and nothing
// else.
type story struct {
	Name, About string
	Zone        string
	Topics      []string // that she agreed to
	Acts        []act
	Mail        []string // "journey/message"; "a|b": one of the two, where the journey splits
}

// act happens Wait days after the one before; with When, so long after that message has come.
type act struct {
	When string
	Wait float64
	Do   func(ctx context.Context, p *shopper, id string, got letter) error
}

// allTopics are what the shop asks for at sign-up.
var allTopics = []string{"onboarding", "care", "offers"}

// profile is the first act: the shop tells who she is.
func profile(wait float64) act {
	return act{Wait: wait, Do: func(ctx context.Context, p *shopper, id string, _ letter) error {
		topics := map[string]any{}
		for _, t := range p.Topics {
			topics[t] = true
		}
		return p.ingest.call(ctx, http.MethodPost, "/v1/identify", map[string]any{
			"messageId": id, "userId": p.id,
			"traits": map[string]any{"email": p.email, "firstName": p.Name, "timezone": p.Zone, "locale": "en", "topics": topics},
		}, nil)
	}}
}

func does(wait float64, name string, properties map[string]any) act {
	return after("", wait, name, properties)
}

func after(when string, wait float64, name string, properties map[string]any) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, id string, _ letter) error {
		return p.track(ctx, id, name, properties)
	}}
}

// orders is Order Completed, with the days until it should be there and until it can go back.
func orders(when string, wait float64, n int, total float64) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, id string, _ letter) error {
		now := p.clock.Now()
		return p.track(ctx, id, "Order Completed", map[string]any{
			"order_id": p.order(n), "total": total, "currency": "GBP",
			"products":   []any{map[string]any{"name": "Linen sheet set", "sku": "LS-2", "quantity": 1, "price": total}},
			"deliver_by": now.Truncate(time.Hour).Add(4 * 24 * time.Hour).Format(time.RFC3339),
			"return_by":  now.Truncate(time.Hour).Add(30 * 24 * time.Hour).Format(time.RFC3339),
		})
	}}
}

// bought is an order of the past, as an import brings it: it counts, and triggers nothing.
func bought(daysAgo float64) act {
	return act{Do: func(ctx context.Context, p *shopper, id string, _ letter) error {
		at := p.clock.Now().Add(-time.Duration(daysAgo * 24 * float64(time.Hour)))
		return p.ingest.call(ctx, http.MethodPost, "/v1/track", map[string]any{
			"messageId": id, "userId": p.id, "event": "Order Completed", "timestamp": at.Truncate(24 * time.Hour).Format(time.RFC3339),
			"properties": map[string]any{"order_id": p.order(0), "total": 89.0, "currency": "GBP"},
			"context":    map[string]any{"historical": true},
		}, nil)
	}}
}

func delivered(wait float64, n int) act { return ofOrder(wait, "Order Delivered", n) }

func ofOrder(wait float64, name string, n int) act {
	return act{Wait: wait, Do: func(ctx context.Context, p *shopper, id string, _ letter) error {
		return p.track(ctx, id, name, map[string]any{"order_id": p.order(n)})
	}}
}

func (p *shopper) order(n int) string { return fmt.Sprintf("%s-%d", p.id, n) }

// answers fills in the survey that the mail links to.
func answers(when string, wait float64, answer url.Values) act {
	return posts(when, wait, "s", answer)
}

func unsubscribes(when string, wait float64) act {
	return posts(when, wait, "u", url.Values{"List-Unsubscribe": {"One-Click"}})
}

func takesTheWayBack(when string, wait float64) act { return posts(when, wait, "back", url.Values{}) }

func posts(when string, wait float64, kind string, form url.Values) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, _ string, got letter) error {
		link, err := got.link(kind)
		if err != nil {
			return err
		}
		return p.follow(ctx, link, form)
	}}
}

func score(n int, comment string) url.Values {
	return url.Values{"score": {strconv.Itoa(n)}, "comment": {comment}}
}

func choice(option, comment string) url.Values {
	return url.Values{"choice": {option}, "comment": {comment}}
}

// redeems uses her newest coupon in the shop.
func redeems(when string, wait float64) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, _ string, _ letter) error {
		var she struct {
			Coupons []struct{ Code string }
		}
		if err := p.support.call(ctx, http.MethodGet, "/api/customers/user:"+p.id, nil, &she); err != nil {
			return err
		}
		if len(she.Coupons) == 0 {
			return fmt.Errorf("%s has no coupon", p.id)
		}
		return p.support.call(ctx, http.MethodPost, "/api/coupons/redeem", map[string]any{
			"code": she.Coupons[0].Code, "order_id": p.order(9), "value": 60, "currency": "GBP",
		}, nil)
	}}
}

// callsHer is the support team at work on the open task about her.
func callsHer(when string, wait float64, outcome string) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, _ string, _ letter) error {
		var she struct {
			Tasks []struct{ ID string }
		}
		if err := p.support.call(ctx, http.MethodGet, "/api/customers/user:"+p.id, nil, &she); err != nil {
			return err
		}
		for _, t := range she.Tasks {
			err := p.support.call(ctx, http.MethodPost, "/api/tasks/"+t.ID+"/done",
				map[string]any{"outcome": outcome, "note": "called, and put right"}, nil)
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// pauses and resumes are support, looking after one customer.
func pauses(when string, wait float64, reason string) act {
	return act{When: when, Wait: wait, Do: func(ctx context.Context, p *shopper, _ string, _ letter) error {
		return p.support.call(ctx, http.MethodPost, "/api/customers/user:"+p.id+"/pause",
			map[string]any{"reason": reason, "on_resume": "keep"}, nil)
	}}
}

func resumes(wait float64) act {
	return act{Wait: wait, Do: func(ctx context.Context, p *shopper, _ string, _ letter) error {
		err := p.support.call(ctx, http.MethodPost, "/api/customers/user:"+p.id+"/resume", map[string]any{}, nil)
		var a *answered
		if errors.As(err, &a) && a.Status == http.StatusConflict {
			return nil // she was resumed when the play was cut off, and it was not noted
		}
		return err
	}}
}

func signsUp(wait float64, interest string) act {
	return does(wait, "Signed Up", map[string]any{"interest": interest})
}

// signsUpInTheWeek is signsUp on a day from Tuesday to Friday: onboarding makes its offer on a Saturday, and her story must not
// hang on the day on which the shop happens to open.
func signsUpInTheWeek(wait float64, interest string) act {
	a := signsUp(wait, interest)
	return act{Wait: a.Wait, Do: func(ctx context.Context, p *shopper, id string, got letter) error {
		at := p.clock.Now()
		for at.Weekday() == time.Saturday || at.Weekday() == time.Sunday || at.Weekday() == time.Monday {
			at = at.Truncate(24 * time.Hour).Add(24 * time.Hour)
		}
		if err := p.until(ctx, at); err != nil {
			return err
		}
		return a.Do(ctx, p, id, got)
	}}
}

// cast is everybody. Each journey is walked to each of its ends by somebody.
func cast() []story {
	const london, vienna, newYork, tokyo = "Europe/London", "Europe/Vienna", "America/New_York", "Asia/Tokyo"
	leaves := does(1, "Subscription Cancelled", map[string]any{"subscription_id": "sub-1", "plan": "linen club"})
	return []story{
		{Name: "Ada", About: "signs up, looks around, buys, is happy", Zone: london, Topics: allTopics,
			Acts: []act{profile(0), signsUpInTheWeek(0.2, "linen"), after("onboarding/choosing-linen", 1, "Product Viewed", map[string]any{"name": "Linen sheet set"}),
				orders("onboarding/a-hand", 1, 1, 129), delivered(3, 1), answers("post-purchase/how-is-it", 1, score(5, ""))},
			Mail: []string{"onboarding/welcome", "onboarding/choosing-linen", "onboarding/a-hand", "post-purchase/order-thanks",
				"post-purchase/first-wash", "post-purchase/how-is-it", "post-purchase/so-glad", "post-purchase/still-time"}},
		{Name: "Ben", About: "signs up and only reads", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0.1), signsUp(0.2, "towels")},
			Mail: []string{"onboarding/welcome", "onboarding/choosing-towels", "onboarding/from-flax|onboarding/we-mend",
				"onboarding/first-order", "onboarding/offer-ends"}},
		{Name: "Cleo", About: "unsubscribes with one click", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.3), signsUp(0.2, "linen"), unsubscribes("onboarding/welcome", 0.5)},
			Mail: []string{"onboarding/welcome"}},
		{Name: "Dana", About: "never agreed to any letters", Zone: newYork,
			Acts: []act{profile(0.4), signsUp(0.2, "linen")}},
		{Name: "Eli", About: "buys, and sends it back", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.5), signsUp(0.2, "towels"), orders("onboarding/welcome", 0.5, 1, 49), ofOrder(2, "Order Refunded", 1)},
			Mail: []string{"onboarding/welcome", "post-purchase/order-thanks"}},
		{Name: "Finn", About: "is paused by support for a week, and goes on where he stood", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0.2), signsUp(0.2, "towels"), pauses("onboarding/choosing-towels", 0.5, "he is moving house"), resumes(7)},
			Mail: []string{"onboarding/welcome", "onboarding/choosing-towels", "onboarding/from-flax|onboarding/we-mend",
				"onboarding/first-order", "onboarding/offer-ends"}},
		{Name: "Hugo", About: "his parcel is late; he never answers", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.1), orders("", 0.5, 1, 79), delivered(9, 1)},
			Mail: []string{"post-purchase/order-thanks", "post-purchase/where-is-it", "post-purchase/how-is-it", "post-purchase/one-tap",
				"post-purchase/still-time"}},
		{Name: "Iris", About: "is not content; support calls her and puts it right", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0.2), orders("", 0.5, 1, 219), delivered(3, 1), answers("post-purchase/how-is-it", 1, score(2, "The seam came open.")),
				callsHer("post-purchase/that-is-not-good-enough", 1, "solved")},
			Mail: []string{"post-purchase/order-thanks", "post-purchase/first-wash", "post-purchase/how-is-it",
				"post-purchase/that-is-not-good-enough", "post-purchase/put-right"}},
		{Name: "Jon", About: "finds it all right", Zone: tokyo, Topics: allTopics,
			Acts: []act{profile(0.6), orders("", 0.5, 1, 39), delivered(2, 1), answers("post-purchase/how-is-it", 1, score(3, ""))},
			Mail: []string{"post-purchase/order-thanks", "post-purchase/first-wash", "post-purchase/how-is-it", "post-purchase/still-time"}},
		{Name: "Lea", About: "answers when she is asked again", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.7), orders("", 0.5, 1, 99), delivered(3, 1), answers("post-purchase/one-tap", 1, score(4, "Soft already."))},
			Mail: []string{"post-purchase/order-thanks", "post-purchase/first-wash", "post-purchase/how-is-it", "post-purchase/one-tap",
				"post-purchase/so-glad", "post-purchase/still-time"}},
		{Name: "Max", About: "went quiet, and comes back at the first letter", Zone: london, Topics: allTopics,
			Acts: []act{profile(0), bought(58), orders("win-back/we-miss-you", 1.5, 1, 64), ofOrder(3, "Order Refunded", 1)},
			Mail: []string{"win-back/we-miss-you", "post-purchase/order-thanks"}},
		{Name: "Nora", About: "went quiet; the coupon brings her back", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0), bought(58), redeems("win-back/comeback-offer", 3)},
			Mail: []string{"win-back/we-miss-you", "win-back/comeback-offer"}},
		{Name: "Otto", About: "went quiet, and stays so", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0), bought(59)},
			Mail: []string{"win-back/we-miss-you", "win-back/comeback-offer", "win-back/last-call", "win-back/how-are-we-doing"}},
		{Name: "Pia", About: "went quiet, and says why: a person will call her", Zone: newYork, Topics: allTopics,
			Acts: []act{profile(0), bought(59), answers("win-back/how-are-we-doing", 1, score(3, "You stopped making my size."))},
			Mail: []string{"win-back/we-miss-you", "win-back/comeback-offer", "win-back/last-call", "win-back/how-are-we-doing"}},
		{Name: "Quin", About: "went quiet, and said no to offers", Zone: london, Topics: []string{"onboarding", "care"},
			Acts: []act{profile(0), bought(59)}},
		{Name: "Sam", About: "leaves because of us, is heard, and returns", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.3), leaves, answers("graceful-exit/may-we-ask", 1, choice("our_fault", "The parcel was wet, twice.")),
				takesTheWayBack("graceful-exit/we-are-sorry", 3)},
			Mail: []string{"graceful-exit/cancelled", "graceful-exit/may-we-ask", "graceful-exit/we-are-sorry", "graceful-exit/welcome-back",
				"onboarding/whats-new", "onboarding/choosing-linen", "onboarding/from-flax|onboarding/we-mend", "onboarding/first-order",
				"onboarding/offer-ends"}},
		{Name: "Tess", About: "leaves for the price", Zone: vienna, Topics: allTopics,
			Acts: []act{profile(0.4), leaves, answers("graceful-exit/may-we-ask", 1, choice("price", ""))},
			Mail: []string{"graceful-exit/cancelled", "graceful-exit/may-we-ask", "graceful-exit/on-the-price"}},
		{Name: "Uma", About: "changes her mind at once", Zone: newYork, Topics: allTopics,
			Acts: []act{profile(3), leaves, takesTheWayBack("graceful-exit/cancelled", 0.2)},
			Mail: []string{"graceful-exit/cancelled", "graceful-exit/good-to-have-you"}},
		{Name: "Vera", About: "leaves without a word; the door stays open", Zone: tokyo, Topics: allTopics,
			Acts: []act{profile(0.6), leaves},
			Mail: []string{"graceful-exit/cancelled", "graceful-exit/may-we-ask", "graceful-exit/door-is-open"}},
		{Name: "Will", About: "does not need it any longer", Zone: london, Topics: allTopics,
			Acts: []act{profile(0.7), leaves, answers("graceful-exit/may-we-ask", 1, choice("no_longer_needed", ""))},
			Mail: []string{"graceful-exit/cancelled", "graceful-exit/may-we-ask", "graceful-exit/goodbye"}},
	}
}
