package journey

import "time"

// Clock is the one clock (law 10). It knows two times: wall time, for leases, backoff and deadlines; and product time, for
// everything that a journey says. They are the same unless the installation runs at a speed other than 1, where product time
// runs Speed times as fast from Epoch on. Epoch and speed are stored with the data, so that a restart goes on where it stood.
type Clock struct {
	wall  func() time.Time
	epoch Epoch
}

// Epoch is the moment at which product time and wall time were made to run at different speeds.
type Epoch struct {
	Wall    time.Time // wall time of the moment
	Product time.Time // product time at that moment
	Speed   float64   // product seconds per wall second; 1 is real time
}

// NewClock returns a clock that reads wall and runs product time from the epoch. A zero epoch is real time.
func NewClock(wall func() time.Time, epoch Epoch) *Clock {
	if epoch.Speed <= 0 {
		epoch = Epoch{Speed: 1}
	}
	return &Clock{wall: wall, epoch: epoch}
}

// Wall returns wall time, in UTC.
func (c *Clock) Wall() time.Time { return c.wall().UTC() }

// Now returns product time, in UTC, to the microsecond, which is what Postgres keeps.
func (c *Clock) Now() time.Time { return c.ToProduct(c.wall()) }

// Speed returns how many product seconds pass per wall second.
func (c *Clock) Speed() float64 { return c.epoch.Speed }

// ToProduct turns a wall instant into product time.
func (c *Clock) ToProduct(wall time.Time) time.Time {
	if c.epoch.Speed == 1 && c.epoch.Wall.Equal(c.epoch.Product) {
		return wall.UTC().Truncate(time.Microsecond)
	}
	return c.epoch.Product.Add(scale(wall.Sub(c.epoch.Wall), c.epoch.Speed)).UTC().Truncate(time.Microsecond)
}

// ToWall turns a product instant into the wall instant at which it is reached.
func (c *Clock) ToWall(product time.Time) time.Time {
	if c.epoch.Speed == 1 && c.epoch.Wall.Equal(c.epoch.Product) {
		return product.UTC()
	}
	return c.epoch.Wall.Add(scale(product.Sub(c.epoch.Product), 1/c.epoch.Speed)).UTC()
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }
