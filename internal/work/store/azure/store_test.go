package azure_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
	"github.com/stanch-dev/stanch/internal/work/store/storetest"
)

// open is a client that ends with the test.
func open(t testing.TB, connection string, o azure.Options) *azure.Store {
	t.Helper()
	account, err := azure.ParseConnection(connection)
	if err != nil {
		t.Fatal(err)
	}
	s, err := azure.Open(account, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// within bounds a call.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func is(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// down checks that the store is said to be unavailable, and for how long.
func down(t testing.TB, what string, err error, after time.Duration) {
	t.Helper()
	u, ok := errors.AsType[*work.Unavailable](err)
	if !ok || u.After != after {
		t.Errorf("%s: error %v, want *work.Unavailable after %v", what, err, after)
	}
}

// fresh empties a rig's own account.
func fresh(t *testing.T, rig *azurite.Rig) {
	t.Helper()
	s := open(t, rig.Connection(), azure.Options{})
	queues, err := s.Queues(within(t))
	must(t, "Queues", err)
	for _, name := range queues {
		_, err := other(t, rig, name).Delete(within(t), nil)
		must(t, "delete a queue", err)
	}
	boxes, err := s.Blobs().Containers(within(t))
	must(t, "Containers", err)
	for _, name := range boxes {
		_, err := raw(t, rig).DeleteContainer(within(t), name, nil)
		must(t, "delete a container", err)
	}
}

func TestStoreKeepsTheSeamsOnAzurite(t *testing.T) {
	rig := azurite.New(t)
	t.Run("queues, base64", func(t *testing.T) {
		storetest.Queues(t, storetest.QueueCase{
			Open:    func(t *testing.T) queue.Store { return open(t, rig.Connection(), azure.Options{}) },
			MaxBody: 48 << 10, NoWait: true,
		})
	})
	t.Run("queues, plain", func(t *testing.T) {
		storetest.Queues(t, storetest.QueueCase{
			Open:    func(t *testing.T) queue.Store { return open(t, rig.Emulator(), azure.Options{Encoding: azure.Plain}) },
			MaxBody: 64 << 10, NoWait: true, TextOnly: true,
		})
	})
	t.Run("blobs", func(t *testing.T) {
		storetest.Blobs(t, storetest.BlobCase{Open: func(t *testing.T) blob.Store { return open(t, rig.Connection(), azure.Options{}).Blobs() }})
	})
	t.Run("ledger", func(t *testing.T) {
		storetest.Ledger(t, func(t *testing.T) ledger.Store { return open(t, rig.Connection(), azure.Options{}).Ledger() })
	})
}

// They share a rig, which takes seconds to start; each finds it empty.
func TestOnAzurite(t *testing.T) {
	rig := azurite.New(t)
	for _, row := range []struct {
		name string
		test func(*testing.T, *azurite.Rig)
	}{
		{"answers that are none are unavailable", answersThatAreNoneAreUnavailable},
		{"an answer that never comes ends with its context", anAnswerThatNeverComesEndsWithItsContext},
		{"no error and no log holds a secret", noErrorAndNoLogHoldsASecret},
		{"a SAS opens what it is for", aSASOpensWhatItIsFor},
		{"receipts are followed through renewals", receiptsAreFollowedThroughRenewals},
		{"a renewal leaves the body alone", aRenewalLeavesTheBodyAlone},
		{"a text that is not base64 comes with its fault", aTextThatIsNotBase64ComesWithItsFault},
		{"an empty message is one", anEmptyMessageIsOne},
		{"what XML can't hold is refused at Put", whatXMLCantHoldIsRefusedAtPut},
		{"a Done whose answer gets lost is done at the second try", aDoneWhoseAnswerGetsLostIsDoneAtTheSecondTry},
		{"a message put once is put once", aMessagePutOnceIsPutOnce},
		{"a Move that is interrupted is in both and never in none", aMoveThatIsInterruptedIsInBothAndNeverInNone},
		{"a lease of a queue that is gone is lost", aLeaseOfAQueueThatIsGoneIsLost},
		{"the depth tells what it can", depthTellsWhatItCan},
		{"a payload that is cut arrives whole", aPayloadThatIsCutArrivesWhole},
		{"a payload that changes while it is cut is an error", aPayloadThatChangesWhileItIsCutIsAnError},
		{"a store that goes away under a reader is unavailable", aStoreThatGoesAwayUnderAReaderIsUnavailable},
		{"a payload that is stored compressed is not unpacked", aPayloadStoredCompressedIsNotUnpacked},
		{"a source that is cut leaves no blob", aSourceThatIsCutLeavesNoBlob},
		{"many blocks make a container and meet their conditions", manyBlocksMakeAContainerAndMeetTheirConditions},
		{"of large uploads of one blob each is whole or refused", ofLargeUploadsEachIsWholeOrRefused},
		{"a listing goes over pages and agrees with Stat", aListingGoesOverPagesAndAgreesWithStat},
		{"metadata that headers would change is refused", metadataThatHeadersWouldChangeIsRefused},
		{"a ledger's lost answer is told", aLedgersLostAnswerIsTold},
		{"payloads pass in little memory", payloadsPassInLittleMemory},
	} {
		t.Run(row.name, func(t *testing.T) {
			fresh(t, rig)
			row.test(t, rig)
		})
	}
}
