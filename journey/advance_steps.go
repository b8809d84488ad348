package journey

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
)

// do does the step at which she stands, or does it again where it could not be done before.
func (d *decision) do() {
	if !d.spend() {
		return
	}
	step := d.def.Step(d.st.Step)
	if step == nil { // the version lost it: a person must move her
		d.stand(PhaseHeld, nil)
		return
	}
	if d.st.Phase == PhaseArrive {
		d.st.Since = d.at // later than she was sent here, when that was in a pause
		d.visit()
	}
	switch step.Kind {
	case StepSend:
		d.send(step)
	case StepWait:
		d.wait(step)
	case StepWaitFor:
		d.waitFor(step)
	case StepBranch:
		arm, about := d.choose(step.Branch)
		d.log(LogBranch, about)
		d.take(step, arm)
	case StepSplit:
		d.split(step)
	case StepCoupon:
		d.coupon(step)
	case StepSurvey:
		d.survey(step)
	case StepTask:
		d.task(step)
	case StepSet:
		d.set(step)
	case StepStart:
		d.start(step)
	case StepExit:
		d.finish(or(step.Exit, ReasonFinished))
	case StepRepeat:
		d.repeat(step)
	case StepWebhook:
		d.call(step)
	case StepNotify:
		d.notify(step)
	default:
		d.change(step)
	}
}

func (d *decision) visit() {
	if d.st.Visits == nil {
		d.st.Visits = map[string]int{}
	}
	d.st.Visits[d.st.Step]++
}

// choose returns the steps of the first arm whose condition holds, and what to log: the arm, counted from 1, or "else", or
// "none"; and the values that were looked at.
func (d *decision) choose(arms []Arm) ([]*Step, detail) {
	values := map[string]any{}
	about := detail{"arm": "none", "values": values}
	for i, arm := range arms {
		if arm.Else {
			about["arm"] = "else"
			return arm.Then, about
		}
		if arm.If.Holds(d.lookup(), values) {
			about["arm"] = strconv.Itoa(i + 1)
			return arm.Then, about
		}
	}
	return nil, about
}

// drawn returns a number from 0 to 99 that is always the same for the same key.
func drawn(key string) int {
	sum := sha256.Sum256([]byte(key))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}

func (d *decision) split(step *Step) {
	contest := d.def.contests[step.ID]
	won := d.won(contest)
	left := drawn(d.facts.Customer.ID + "/" + step.ID)
	for i, v := range step.Split {
		left -= v.Share
		if won != "" && won != v.Name || won == "" && left >= 0 && i < len(step.Split)-1 {
			continue
		}
		about := detail{"variant": v.Name}
		if won != "" {
			about["won"] = true
		}
		d.out.Effects.Draws = append(d.out.Effects.Draws, Draw{Step: step.ID, Contest: contest.Hash, Variant: v.Name, At: d.at})
		d.log(LogSplit, about)
		d.take(step, v.Then)
		return
	}
	d.goOn(step)
}

// coupon takes one code, unless she has it. Asking for it ends the call: see Output.Take.
func (d *decision) coupon(step *Step) {
	want := step.Coupon
	as := or(want.As, want.Pool)
	if d.st.Holdout {
		d.log(LogHoldout, detail{"coupon": as})
		d.goOn(step)
		return
	}
	if d.st.Coupons[as] != "" {
		d.log(LogCoupon, detail{"pool": want.Pool, "as": as, "kept": true})
		d.goOn(step)
		return
	}
	if c, taken := d.facts.Coupons[as]; taken && c.ID != "" {
		if d.st.Coupons == nil {
			d.st.Coupons = map[string]string{}
		}
		d.st.Coupons[as] = c.ID
		d.log(LogCoupon, detail{"pool": want.Pool, "as": as})
		d.tell(EventCouponIssued, detail{"pool": want.Pool, "code": c.Code, "coupon": c.ID, "as": as, "step": step.ID})
		d.goOn(step)
		return
	}
	if !d.facts.Empty[want.Pool] {
		d.out.Take = &CouponRequest{
			Step: step.ID, Visit: d.st.Visits[step.ID], Pool: want.Pool, As: as, Expires: want.Expires,
		}
		return
	}
	d.poolEmpty(step)
}

func (d *decision) poolEmpty(step *Step) {
	if d.st.Phase != PhaseHeld {
		d.log(LogPoolEmpty, detail{"pool": step.Coupon.Pool})
	}
	switch step.Coupon.WhenEmpty {
	case TroubleGoOn:
		d.goOn(step)
	case TroubleExit:
		d.finish(ReasonPoolEmpty)
	default:
		d.stand(PhaseHeld, nil)
	}
}

// set changes attributes; what is decided later in this call sees them. A value that is missing sets nothing.
func (d *decision) set(step *Step) {
	attributes := make(map[string]any, len(d.facts.Customer.Attributes)+len(step.Set))
	for name, v := range d.facts.Customer.Attributes {
		attributes[name] = v
	}
	d.facts.Customer.Attributes = attributes
	about := detail{}
	for _, a := range step.Set {
		v, ok := a.Value.Resolve(d.lookup())
		if a.Add != nil {
			v, ok = sum(attributes[a.Attribute], *a.Add), true
		}
		if !ok {
			continue
		}
		v = clone(v)
		attributes[a.Attribute], about[a.Attribute] = v, v
		d.out.Effects.Set = append(d.out.Effects.Set, Attribute{Name: a.Attribute, Value: v})
	}
	d.log(LogSet, about)
	d.goOn(step)
}

// sum adds to a number; what is none counts as 0. Whole sums are whole numbers.
func sum(before any, add float64) any {
	if i, whole := wholeOf(before); (whole || before == nil) && add == math.Trunc(add) && math.Abs(add) < 1<<53 {
		return i + int64(add)
	}
	f, _ := numberOf(before)
	total := f + add
	if total == math.Trunc(total) && math.Abs(total) < 1<<53 {
		return int64(total)
	}
	return total
}

func (d *decision) start(step *Step) {
	properties := make(map[string]any, len(step.Start.With))
	for name, value := range step.Start.With {
		if v, ok := value.Resolve(d.lookup()); ok {
			properties[name] = clone(v)
		}
	}
	d.out.Effects.Starts = append(d.out.Effects.Starts, StartRequest{
		Journey: step.Start.Journey, Properties: properties,
		EntryKey: d.facts.EnrollmentID + "/" + step.ID + "/" + strconv.Itoa(d.st.Visits[step.ID]),
	})
	d.log(LogStart, detail{"journey": step.Start.Journey})
	d.goOn(step)
}
