package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"perennial/bench/rig"
)

// What people do in the course of the day, of those who can.
const (
	buys       = 0.02 // of the customers whom the shop has
	delivered  = 0.6  // of the orders
	answers    = 0.5  // of those who are asked
	redeems    = 0.4  // of the newcomers
	complains  = 0.08 // of the newcomers who did not use their code
	leavesShop = 0.15 // of the rest of these: they unsubscribe
)

// live is the day: newcomers and buyers come at moments of chance, and each lives her story beside the others.
func (s *shop) live(ctx context.Context, out io.Writer) error {
	began := time.Now()
	var wrong faults
	var stories sync.WaitGroup
	newcomers, buyers, before := 0, 0, s.events.Load()
	for _, c := range s.people {
		r := s.chance(c)
		r.Uint64() // the first numbers are for what she did before the day
		story := s.buyer
		if c.born {
			newcomers++
			story = s.newcomer
		} else if s.isBuyer(c) {
			buyers++
		} else {
			continue
		}
		at := time.Duration(r.Int64N(int64(s.day)))
		stories.Go(func() {
			rig.Wait(ctx, at-time.Since(began))
			if err := story(ctx, c); err != nil {
				wrong.add(fmt.Errorf("customer %s: %w", c.id, err))
			}
		})
	}
	stories.Wait()
	if len(wrong.list) > 0 {
		return fmt.Errorf("living through the day: %d stories went wrong, among them: %w", len(wrong.list), errors.Join(wrong.list[:min(5, len(wrong.list))]...))
	}
	fmt.Fprintf(out, "lived   a day of %d newcomers and %d buyers in %s: %d events, slowest answer of all %s\n", newcomers, buyers,
		time.Since(began).Round(100*time.Millisecond), s.events.Load()-before, time.Duration(s.late.Load()).Round(time.Millisecond))
	return ctx.Err()
}

func (s *shop) isBuyer(c *customer) bool {
	r := s.chance(c)
	for range 20 {
		r.Uint64() // numbers apart from those of her story
	}
	return r.Float64() < buys
}

// newcomer signs up and gets a code. She uses it; or she is reminded, and then complains, or unsubscribes, or lets it be.
func (s *shop) newcomer(ctx context.Context, c *customer) error {
	r := s.chance(c)
	uses := r.Float64() < redeems
	gift := time.Now().Add(time.Second + time.Duration(r.Int64N(int64(3*time.Second))))
	remind := gift.Add(time.Hour) // who uses it is in no hurry
	if !uses {
		remind = gift.Add(5*time.Second + time.Duration(r.Int64N(int64(5*time.Second))))
	}
	c.entered["welcome"]++
	c.owed = append(c.owed, "welcome/hello", "welcome/gift")
	for _, e := range []event{c.identify(zones[r.IntN(len(zones))]), {Type: "track", MessageID: c.id + "-new", UserID: c.id, Event: "Signed Up",
		Properties: map[string]any{"gift_at": gift, "remind_at": remind}}} {
		if err := s.track(ctx, e); err != nil {
			return err
		}
	}
	letter, err := s.relay.wait(ctx, c.email, "welcome/gift")
	if err != nil {
		return err
	}
	if letter.Code == "" {
		return errors.New("the gift has no code")
	}
	if uses {
		return s.redeem(ctx, c, letter.Code, 20+r.IntN(100))
	}
	c.owed = append(c.owed, "welcome/reminder")
	reminder, err := s.relay.wait(ctx, c.email, "welcome/reminder")
	switch {
	case err != nil:
		return err
	case reminder.Code != letter.Code:
		return fmt.Errorf("the reminder has code %q, the gift had %q", reminder.Code, letter.Code)
	case r.Float64() < complains:
		c.complains = true
		return s.complain(ctx, reminder.MessageID)
	case r.Float64() < leavesShop:
		c.leaves = true
		return s.post(ctx, reminder.Unsubscribe, url.Values{"List-Unsubscribe": {"One-Click"}})
	}
	return nil
}

// redeem orders with the code; the order reaches the journey's goal, the code its thanks. A second try, with the same order, changes nothing.
func (s *shop) redeem(ctx context.Context, c *customer, code string, total int) error {
	order := c.order(total, nil)
	c.entered["order"]++
	c.owed = append(c.owed, "order/receipt", "welcome/thanks")
	c.goal, c.redeemed = total, total
	if err := s.track(ctx, order); err != nil {
		return err
	}
	for range 2 {
		err := s.ask(ctx, "POST", "/api/coupons/redeem", map[string]any{"code": code, "order_id": order.MessageID, "value": total, "currency": "EUR"}, nil)
		if err != nil {
			return err
		}
	}
	_, err := s.relay.wait(ctx, c.email, "welcome/thanks")
	return err
}

// buyer orders; most get their parcel and are asked how it was, and half of these answer.
func (s *shop) buyer(ctx context.Context, c *customer) error {
	r := s.chance(c)
	c.entered["order"]++
	c.owed = append(c.owed, "order/receipt")
	order := c.order(10+r.IntN(190), nil)
	if err := s.track(ctx, order); err != nil {
		return err
	}
	if _, err := s.relay.wait(ctx, c.email, "order/receipt"); err != nil || r.Float64() >= delivered {
		return err
	}
	c.entered["question"]++
	c.owed = append(c.owed, "question/how-was-it")
	err := s.track(ctx, event{Type: "track", MessageID: c.id + "-there", UserID: c.id, Event: "Order Delivered",
		Properties: map[string]any{"order_id": order.MessageID}})
	if err != nil {
		return err
	}
	question, err := s.relay.wait(ctx, c.email, "question/how-was-it")
	if err != nil || r.Float64() >= answers {
		return err
	}
	if question.Survey == "" {
		return errors.New("the question has no link")
	}
	score := 1 + r.IntN(5)
	// An answer within two seconds of the mail would be a machine's.
	rig.Wait(ctx, 3*time.Second+time.Duration(r.Int64N(int64(3*time.Second))))
	c.score = score
	if score <= 2 {
		c.owed = append(c.owed, "question/sorry")
	}
	return s.post(ctx, question.Survey, url.Values{"score": {fmt.Sprint(score)}})
}
