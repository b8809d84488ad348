package main

import "time"

// wall is the one place where the product reads the clock of the machine; everyone else is handed a journey.Clock.
func wall() time.Time { return time.Now() }
