package control

import (
	"net/http"

	"perennial/journey"
)

// Status is the one table from a fault to a status of HTTP; API and console share it.
func Status(code journey.Code) int {
	switch code {
	case journey.CodeInvalid:
		return http.StatusUnprocessableEntity
	case journey.CodeMalformed:
		return http.StatusBadRequest
	case journey.CodeUnauthorized:
		return http.StatusUnauthorized
	case journey.CodeForbidden:
		return http.StatusForbidden
	case journey.CodeNotFound:
		return http.StatusNotFound
	case journey.CodeConflict:
		return http.StatusConflict
	case journey.CodeGone:
		return http.StatusGone
	case journey.CodeStale:
		return http.StatusPreconditionFailed
	case journey.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case journey.CodeUnsupported:
		return http.StatusUnsupportedMediaType
	case journey.CodeRate:
		return http.StatusTooManyRequests
	case journey.CodeUnavailable:
		return http.StatusServiceUnavailable
	case journey.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}
