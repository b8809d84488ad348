package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"perennial/control"
)

type testMailsIn struct {
	To       []string `json:"to"`
	Customer string   `json:"customer"`
	Version  string   `json:"version"`
	Message  string   `json:"message"`
}

// testJourney answers 202: the mails are in the ledger, and what becomes of them stands there.
func testJourney(ctx context.Context, s *server, r *request, in testMailsIn) (any, error) {
	posted, err := s.Control.SendTests(ctx, r.By, control.TestMailsRequest{Key: r.param("key"), Message: in.Message, To: in.To, Customer: in.Customer, Version: in.Version})
	return answer{status: http.StatusAccepted, body: posted}, err
}

// testLink is where every link of a test mail leads. A POST does as little: a mail program may unsubscribe by itself.
func (s *server) testLink(c *gin.Context) {
	s.show(c, s.stranger(c), shown{http.StatusOK, "test", nil})
}
