package journey

import (
	"sync/atomic"
	"time"
)

// Clock is the one clock (law 10). It knows two times: wall time, for leases, backoff and deadlines; and product time, for
// everything that a journey says. They are the same unless the installation runs at a speed other than 1, where product time
// runs Speed times as fast from Epoch on. Epoch and speed are stored with the data, so that a restart goes on where it stood.
type Clock struct {
	wall    func() time.Time
	running atomic.Pointer[running]
}

// Epoch is the moment at which product time and wall time were made to run at different speeds.
type Epoch struct {
	Wall    time.Time // wall time of the moment
	Product time.Time // product time at that moment
	Speed   float64   // product seconds per wall second; 1 is real time
}

// running is by what epoch product time runs, and until when (product time; zero: for ever).
type running struct {
	epoch Epoch
	until time.Time
}

// NewClock returns a clock that reads wall and runs product time from the epoch. A zero epoch is real time.
func NewClock(wall func() time.Time, epoch Epoch) *Clock {
	c := &Clock{wall: wall}
	c.Run(epoch, time.Time{})
	return c
}

// Run lets product time run by the epoch, until the product moment at which it stands still; zero: for ever. An installation
// whose days are seconds is told to run on again and again while all of it is there, so that no day passes that nobody lived.
func (c *Clock) Run(epoch Epoch, until time.Time) {
	if epoch.Speed <= 0 {
		epoch = Epoch{Speed: 1}
	}
	c.running.Store(&running{epoch, until})
}

// From returns the epoch by which product time goes on from where it is at the wall instant: the present one, unless it stands
// still.
func (c *Clock) From(wall time.Time) Epoch {
	r := c.running.Load()
	if r.until.IsZero() || !r.epoch.ToProduct(wall).After(r.until) {
		return r.epoch
	}
	return Epoch{Wall: wall, Product: r.until, Speed: r.epoch.Speed}
}

// Wall returns wall time, in UTC.
func (c *Clock) Wall() time.Time { return c.wall().UTC() }

// Now returns product time, in UTC, to the microsecond, which is what Postgres keeps.
func (c *Clock) Now() time.Time {
	r := c.running.Load()
	now := r.epoch.ToProduct(c.wall())
	if !r.until.IsZero() && now.After(r.until) {
		return r.until
	}
	return now
}

// Speed returns how many product seconds pass per wall second.
func (c *Clock) Speed() float64 { return c.running.Load().epoch.Speed }

// ToProduct turns a wall instant into product time, as if it did not stand still before.
func (c *Clock) ToProduct(wall time.Time) time.Time { return c.running.Load().epoch.ToProduct(wall) }

// ToWall turns a product instant into the wall instant at which it is reached, unless product time stands still before.
func (c *Clock) ToWall(product time.Time) time.Time { return c.running.Load().epoch.toWall(product) }

// ToProduct turns a wall instant into product time.
func (e Epoch) ToProduct(wall time.Time) time.Time {
	if e.real() {
		return wall.UTC().Truncate(time.Microsecond)
	}
	return e.Product.Add(scale(wall.Sub(e.Wall), e.Speed)).UTC().Truncate(time.Microsecond)
}

func (e Epoch) toWall(product time.Time) time.Time {
	if e.real() {
		return product.UTC()
	}
	return e.Wall.Add(scale(product.Sub(e.Product), 1/e.Speed)).UTC()
}

func (e Epoch) real() bool { return e.Speed == 1 && e.Wall.Equal(e.Product) }

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }
