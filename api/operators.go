package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"perennial/journey"
)

// figures are what operators watch of the API.
type figures struct {
	requests *prometheus.HistogramVec
	events   *prometheus.CounterVec
	handler  http.Handler
}

func newFigures(r *prometheus.Registry) (*figures, error) {
	f := &figures{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "perennial_http_request_seconds", Help: "How long requests took, by method, path and status.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "path", "status"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "perennial_events_total", Help: "Events that callers sent, by what became of them.",
		}, []string{"outcome"}),
		handler: promhttp.HandlerFor(r, promhttp.HandlerOpts{}),
	}
	if err := r.Register(f.requests); err != nil {
		return nil, err
	}
	return f, r.Register(f.events)
}

// observe times a request. Paths go in as their patterns: ids would make a series each.
func (s *server) observe(c *gin.Context) {
	began := s.Clock.Wall()
	c.Next()
	path := c.FullPath()
	if path == "" {
		path = "other"
	}
	s.figures.requests.WithLabelValues(c.Request.Method, path, strconv.Itoa(c.Writer.Status())).
		Observe(s.Clock.Wall().Sub(began).Seconds())
}

// nosniff keeps browsers from taking an answer for anything else than it says that it is.
func nosniff(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }

func (s *server) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

func (s *server) readyz(c *gin.Context) {
	if err := s.Ready(c.Request.Context()); err != nil {
		s.Log.Warn("not ready", "error", err)
		s.refuse(c, journey.Faultf(journey.CodeUnavailable, "not ready; what is missing stands in the log"))
		return
	}
	c.String(http.StatusOK, "ready\n")
}

func (s *server) metrics(c *gin.Context) { s.figures.handler.ServeHTTP(c.Writer, c.Request) }

// isOurs says whether a path lies where only the API lives, whatever else the server serves.
func isOurs(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/hooks/") || path == "/api" || path == "/v1"
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "/" + first
}
