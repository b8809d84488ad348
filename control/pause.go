package control

import (
	"context"
	"fmt"
	"strings"
	"time"

	"perennial/journey"
)

// Pauses is where pauses are kept.
type Pauses interface {
	StartPause(ctx context.Context, p journey.Pause, by journey.Actor, told *journey.Event) error
	EndPauses(ctx context.Context, scope journey.Scope, target string, how journey.OnResume, spread time.Duration, by journey.Actor, told *journey.Event) ([]journey.Pause, error)
	Pauses(ctx context.Context, scope journey.Scope, target string) ([]journey.Pause, error)
	Resuming(ctx context.Context, scope journey.Scope, target string) (journey.Resuming, error)
	Pausing(ctx context.Context, scope journey.Scope, target string) (journey.Pausing, error)
}

// Flight knows which messages of a scope stand between claim and reply.
type Flight interface {
	InFlight(ctx context.Context, scope journey.Scope, target string) (messages []string, err error)
}

// PauseRequest asks for a pause. Scope and Target are those of journey.Pause; a customer may be named as in Customer.
type PauseRequest struct {
	Scope    journey.Scope
	Target   string
	Reason   string
	Until    *time.Time // nil: until someone resumes
	OnResume journey.OnResume
}

// Paused is the answer to a pause.
type Paused struct {
	Pause    journey.Pause
	InFlight []string // msg_… that were on their way and whose fate is not known yet; nothing new is sent
}

// Pause makes a customer, an enrollment, a journey or everything stand still. It commits, and then waits, Patience at most,
// until nothing in its scope is between claim and reply: after the answer nothing new is sent, and what may still arrive is
// named in it.
func (c *Control) Pause(ctx context.Context, by journey.Actor, r PauseRequest) (Paused, error) {
	p, err := c.newPause(ctx, by, r)
	if err != nil {
		return Paused{}, err
	}
	told := &journey.Event{Name: journey.EventCustomerPaused, At: p.Since, Properties: map[string]any{
		"reason": p.Reason, "by": p.By, "on_resume": string(p.OnResume), "scope": string(p.Scope)}}
	if p.Until != nil {
		told.Properties["until"] = p.Until.Format(time.RFC3339)
	}
	if p.Scope == journey.ScopeEnrollment {
		told.Properties["enrollment"] = p.Target
	}
	if err := c.Store.StartPause(ctx, p, by, told); err != nil {
		return Paused{}, err
	}
	flying, err := c.settle(ctx, p.Scope, p.Target)
	if err != nil {
		return Paused{}, fmt.Errorf("asking what is on its way, after pause %s has begun: %w", p.ID, err)
	}
	return Paused{Pause: p, InFlight: flying}, nil
}

func (c *Control) newPause(ctx context.Context, by journey.Actor, r PauseRequest) (journey.Pause, error) {
	now := c.Clock.Now()
	p := journey.Pause{ID: journey.NewID(journey.PrefixPause), Scope: r.Scope, Target: r.Target, Reason: strings.TrimSpace(r.Reason),
		By: by.Name, Since: now, Until: r.Until, OnResume: r.OnResume}
	if p.OnResume == "" {
		p.OnResume = journey.Keep
	}
	var problems journey.Problems
	if p.Reason == "" || len(p.Reason) > 500 {
		problems = append(problems, journey.Problem{Path: "reason", Message: "a pause needs a reason of at most 500 bytes", Mend: "say why, for those who wonder later"})
	}
	if p.Until != nil && !p.Until.After(now) {
		problems = append(problems, journey.Problem{Path: "until", Message: "lies in the past", Mend: "leave it out to pause until someone resumes"})
	}
	if !isWay(p.OnResume) {
		problems = append(problems, journey.Problem{Path: "on_resume", Message: noSuchWay, Mend: ways})
	}
	if p.OnResume == journey.CatchUp && p.Scope.IsWide() {
		p.Spread = journey.SpreadMost
	}
	if len(problems) > 0 {
		return p, &journey.Fault{Code: journey.CodeInvalid, Message: "the pause cannot begin", Problems: problems}
	}
	target, err := c.target(ctx, r.Scope, r.Target)
	p.Target = target
	return p, err
}

// target turns what a caller names into the id that pauses are kept by.
func (c *Control) target(ctx context.Context, scope journey.Scope, target string) (string, error) {
	if scope == journey.ScopeCustomerTopic {
		name, topic := target[:strings.LastIndexByte(target, '/')], target[strings.LastIndexByte(target, '/')+1:]
		who, err := c.Store.Customer(ctx, name)
		return journey.TopicOf(who.ID, topic), err
	}
	if scope != journey.ScopeCustomer {
		return target, nil
	}
	who, err := c.Store.Customer(ctx, target)
	return who.ID, err
}

// Pausing says what a pause would hold if it began now, in each of its ways.
func (c *Control) Pausing(ctx context.Context, scope journey.Scope, target string) (journey.Pausing, error) {
	target, err := c.target(ctx, scope, target)
	if err != nil {
		return journey.Pausing{}, err
	}
	return c.Store.Pausing(ctx, scope, target)
}

// settle waits until nothing in the scope is on its way, and returns what still is when patience ends.
func (c *Control) settle(ctx context.Context, scope journey.Scope, target string) (remaining []string, err error) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	over := time.NewTimer(c.patience())
	defer over.Stop()
	for {
		remaining, err = c.Flight.InFlight(ctx, scope, target)
		if err != nil || len(remaining) == 0 {
			return []string{}, err
		}
		select {
		case <-ctx.Done():
			return remaining, ctx.Err()
		case <-over.C:
			return remaining, nil
		case <-tick.C:
		}
	}
}

// What a caller hears of a way that there is none of.
const (
	noSuchWay = "there is no such way"
	ways      = "use keep, catch_up or skip"
)

func isWay(how journey.OnResume) bool {
	return how == journey.Keep || how == journey.CatchUp || how == journey.Skip
}

// Resuming says what ending every pause of exactly that scope and target would set free now: in the one way that is named, or in each.
func (c *Control) Resuming(ctx context.Context, scope journey.Scope, target string, how journey.OnResume) (journey.Resuming, error) {
	if how != "" && !isWay(how) {
		return journey.Resuming{}, invalid("on_resume", noSuchWay, ways)
	}
	target, err := c.target(ctx, scope, target)
	if err != nil {
		return journey.Resuming{}, err
	}
	r, err := c.Store.Resuming(ctx, scope, target)
	if one, named := r.Choice(how); named {
		r.Choices = []journey.Resumption{one}
	}
	return r, err
}

// Resume ends every pause of exactly that scope and target; those who are covered by another one still stand. How, where it is not "",
// is chosen now instead of what was said when the pauses began. What falls due by a catch-up goes out over the time that Resuming shows.
func (c *Control) Resume(ctx context.Context, by journey.Actor, scope journey.Scope, target string, how journey.OnResume) ([]journey.Pause, error) {
	if how != "" && !isWay(how) {
		return nil, invalid("on_resume", noSuchWay, ways)
	}
	target, err := c.target(ctx, scope, target)
	if err != nil {
		return nil, err
	}
	spread, err := c.spread(ctx, scope, target, how)
	if err != nil {
		return nil, err
	}
	told := &journey.Event{Name: journey.EventCustomerResumed, At: c.Clock.Now(), Properties: map[string]any{"by": by.Name, "scope": string(scope)}}
	if scope == journey.ScopeEnrollment {
		told.Properties["enrollment"] = target
	}
	if how != "" {
		told.Properties["policy"] = string(how)
	}
	return c.Store.EndPauses(ctx, scope, target, how, spread, by, told)
}

// spread is the time over which a catch-up lets go what falls due; 0 where nobody catches up.
func (c *Control) spread(ctx context.Context, scope journey.Scope, target string, how journey.OnResume) (time.Duration, error) {
	held, err := c.Store.Pauses(ctx, scope, target)
	if err != nil {
		return 0, err
	}
	catches := how == journey.CatchUp && len(held) > 0
	for _, p := range held {
		catches = catches || how == "" && p.OnResume == journey.CatchUp
	}
	if !catches {
		return 0, nil
	}
	r, err := c.Store.Resuming(ctx, scope, target)
	if err != nil {
		return 0, err
	}
	chosen, _ := r.Choice(journey.CatchUp)
	return chosen.Spread, nil
}
