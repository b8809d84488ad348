package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
)

// ScanStore enters customers who have gone silent into the journeys that wait for that: at most limit of them in one
// transaction. It returns how many entered; 0 when there are none left.
type ScanStore interface {
	ScanInactive(ctx context.Context, limit int) (entered int, err error)
}

// Scanner looks for customers to whom something happens because nothing happened.
type Scanner struct {
	Store ScanStore
}

// ScanResult counts who entered.
type ScanResult struct {
	Entered int
}

const scanBatch = 200

// ScanInactive enters everyone who is due, batch by batch. It can be cut off between two batches and loses nothing: the next
// scan finds the rest.
func (s *Scanner) ScanInactive(ctx context.Context) (ScanResult, error) {
	var result ScanResult
	for ctx.Err() == nil {
		entered, err := s.Store.ScanInactive(ctx, scanBatch)
		if err != nil {
			return result, err
		}
		if entered == 0 {
			return result, nil
		}
		result.Entered += entered
		activity.RecordHeartbeat(ctx, result.Entered)
	}
	return result, ctx.Err()
}
