package journey

import "github.com/google/uuid"

// Prefixes of ids: an id says what it names, in a log line as in a URL.
const (
	PrefixCustomer   = "cus_"
	PrefixAccount    = "acc_"
	PrefixImport     = "imp_"
	PrefixEvent      = "evt_"
	PrefixJourney    = "jrn_"
	PrefixApproval   = "apr_"
	PrefixVersion    = "ver_"
	PrefixEnrollment = "enr_"
	PrefixMessage    = "msg_"
	PrefixCoupon     = "cpn_"
	PrefixSurvey     = "srv_"
	PrefixTask       = "tsk_"
	PrefixNote       = "not_"
	PrefixKey        = "key_"
	PrefixPause      = "pau_"
	PrefixUser       = "usr_"
	PrefixMigration  = "mig_"
	PrefixCall       = "cal_"
	PrefixParcel     = "par_"
	PrefixWebhook    = "whk_"
)

// NewID returns a fresh id with the given prefix: a UUID v7, so that ids sort by the time at which they were made.
func NewID(prefix string) string { return prefix + uuid.Must(uuid.NewV7()).String() }
