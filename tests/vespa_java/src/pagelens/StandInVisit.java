package pagelens;

import com.yahoo.document.BucketId;
import com.yahoo.document.BucketIdFactory;
import com.yahoo.document.Document;
import com.yahoo.document.DocumentPut;
import com.yahoo.document.FixedBucketSpaces;
import com.yahoo.document.select.DocumentSelector;
import com.yahoo.document.select.Result;
import com.yahoo.document.select.parser.ParseException;
import com.yahoo.documentapi.AckToken;
import com.yahoo.documentapi.ProgressToken;
import com.yahoo.documentapi.VisitorControlHandler;
import com.yahoo.documentapi.VisitorControlHandler.CompletionCode;
import com.yahoo.documentapi.VisitorDataHandler;
import com.yahoo.documentapi.VisitorIterator;
import com.yahoo.documentapi.VisitorParameters;
import com.yahoo.documentapi.VisitorResponse;
import com.yahoo.documentapi.VisitorSession;
import com.yahoo.documentapi.messagebus.protocol.PutDocumentMessage;
import com.yahoo.messagebus.Trace;
import com.yahoo.yolean.Exceptions;
import java.util.List;

/**
 * One visit of the stand-in's documents, as a content cluster is visited: bucket by bucket, in the
 * order and with the continuation of Vespa's own iterator over buckets, until as many documents
 * were sent as are wanted.
 *
 * <p>Vespa's in-memory visitor knows neither continuation nor trace, which the handler asks for.
 */
final class StandInVisit implements VisitorSession {

    /** Makes 256 buckets: more than one for a dozen documents, and soon gone through. */
    private static final int DISTRIBUTION_BITS = 8;

    private final StandInDocuments documents;
    private final VisitorParameters parameters;
    private final BucketIdFactory bucketIds = new BucketIdFactory();
    private final DocumentSelector selector;
    private final ProgressToken progress;
    private final VisitorIterator buckets;
    private final VisitorControlHandler control;
    private final VisitorDataHandler data;
    private volatile boolean aborted;

    StandInVisit(StandInDocuments documents, VisitorParameters parameters) throws ParseException {
        this.documents = documents;
        this.parameters = parameters;
        selector = new DocumentSelector(parameters.getDocumentSelection());
        ProgressToken resumed = parameters.getResumeToken();
        progress = resumed == null ? new ProgressToken(DISTRIBUTION_BITS) : resumed;
        buckets = VisitorIterator.createFromDocumentSelection(
                parameters.getDocumentSelection(),
                bucketIds,
                DISTRIBUTION_BITS,
                progress,
                parameters.getSlices(),
                parameters.getSliceId());
        control = parameters.getControlHandler();
        data = parameters.getLocalDataHandler();
        control.reset();
        control.setSession(this);
        data.reset();
        data.setSession(this);
        new Thread(this::run, "stand-in visit").start();
    }

    private void run() {
        try {
            long sent = 0;
            while (!aborted && sent < parameters.getMaxTotalHits() && buckets.hasNext()) {
                BucketId bucket = buckets.getNext().getSuperbucket();
                for (Document document : documentsOfSpace()) {
                    if (bucket.contains(bucketIds.getBucketId(document.getId()))
                            && selector.accepts(new DocumentPut(document)) == Result.TRUE) {
                        send(documents.withFields(document, parameters.fieldSet()));
                        sent++;
                    }
                }
                buckets.update(bucket, ProgressToken.FINISHED_BUCKET);
                control.onProgress(progress);
            }
            control.onDone(aborted ? CompletionCode.ABORTED : CompletionCode.SUCCESS, null);
        } catch (RuntimeException e) {
            control.onDone(CompletionCode.FAILURE, Exceptions.toMessageString(e));
        }
        data.onDone();
    }

    /** All of ours are of the default bucket space; the other one is for global documents. */
    private List<Document> documentsOfSpace() {
        boolean isOurs = parameters.getBucketSpace().equals(FixedBucketSpaces.defaultSpace());
        return isOurs ? documents.all() : List.of();
    }

    private void send(Document document) {
        data.onMessage(
                new PutDocumentMessage(new DocumentPut(document)), new AckToken(document.getId()));
    }

    @Override
    public boolean isDone() {
        return control.isDone();
    }

    @Override
    public ProgressToken getProgress() {
        return progress;
    }

    @Override
    public Trace getTrace() {
        return new Trace();
    }

    @Override
    public boolean waitUntilDone(long timeoutMs) throws InterruptedException {
        return control.waitUntilDone(timeoutMs);
    }

    @Override
    public void ack(AckToken token) {
        // nothing waits for it: the next document is sent anyway
    }

    @Override
    public void abort() {
        aborted = true;
    }

    @Override
    public VisitorResponse getNext() {
        return data.getNext();
    }

    @Override
    public VisitorResponse getNext(int timeoutMilliseconds) throws InterruptedException {
        return data.getNext(timeoutMilliseconds);
    }

    @Override
    public void destroy() {
        abort();
    }
}
