package pagelens;

import com.yahoo.document.Document;
import com.yahoo.document.DocumentId;
import com.yahoo.document.DocumentOperation;
import com.yahoo.document.DocumentPut;
import com.yahoo.document.DocumentRemove;
import com.yahoo.document.DocumentUpdate;
import com.yahoo.document.Field;
import com.yahoo.document.config.DocumentmanagerConfig;
import com.yahoo.document.datatypes.Array;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.document.datatypes.StringFieldValue;
import com.yahoo.document.fieldset.FieldSetRepo;
import com.yahoo.document.select.DocumentSelector;
import com.yahoo.document.select.parser.ParseException;
import com.yahoo.documentapi.AsyncParameters;
import com.yahoo.documentapi.AsyncSession;
import com.yahoo.documentapi.DocumentAccess;
import com.yahoo.documentapi.DocumentAccessParams;
import com.yahoo.documentapi.DocumentOperationParameters;
import com.yahoo.documentapi.DocumentResponse;
import com.yahoo.documentapi.RemoveResponse;
import com.yahoo.documentapi.Response;
import com.yahoo.documentapi.Result;
import com.yahoo.documentapi.SubscriptionParameters;
import com.yahoo.documentapi.SubscriptionSession;
import com.yahoo.documentapi.SyncParameters;
import com.yahoo.documentapi.SyncSession;
import com.yahoo.documentapi.UpdateResponse;
import com.yahoo.documentapi.VisitorDestinationParameters;
import com.yahoo.documentapi.VisitorDestinationSession;
import com.yahoo.documentapi.VisitorParameters;
import com.yahoo.documentapi.VisitorSession;
import com.yahoo.documentapi.local.LocalAsyncSession;
import com.yahoo.documentapi.local.LocalDocumentAccess;
import com.yahoo.documentapi.local.LocalSyncSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The documents of the stand-in: Vespa's in-memory document access, corrected where it is not what
 * a content cluster is.
 *
 * <p>A content cluster gives the fields asked for and no others, creates a document that an update
 * with create=true does not find, answers an update or remove of a missing document with success,
 * does nothing where an operation's condition does not hold, leaves out attributes without a value,
 * and can be visited bit by bit.
 *
 * <p>A stored document is never changed, only replaced: whoever reads one may go on reading it.
 */
final class StandInDocuments extends DocumentAccess {

    private static final Response REFUSED =
            new Response(0, "Condition did not match document.", Response.Outcome.CONDITION_FAILED);

    private final Map<DocumentId, Document> stored =
            new ConcurrentSkipListMap<>(Comparator.comparing(DocumentId::toString));
    private final Map<String, Set<String>> attributes;
    private final LocalDocumentAccess local;

    /** @param attributes the names of all attributes, by document type */
    StandInDocuments(DocumentmanagerConfig types, Map<String, Set<String>> attributes) {
        super(new DocumentAccessParams().setDocumentmanagerConfig(types));
        this.attributes = attributes;
        DocumentAccessParams parameters = new DocumentAccessParams();
        local = new LocalDocumentAccess(parameters.setDocumentmanagerConfig(types)) {
            @Override
            public LocalSyncSession createSyncSession(SyncParameters parameters) {
                return new Sync(this);
            }
        };
    }

    /** All documents as they are now, in order of id. */
    List<Document> all() {
        return new ArrayList<>(stored.values());
    }

    void clear() {
        stored.clear();
    }

    /** The fields of a document that are named by a field set, such as "page:title,text". */
    Document withFields(Document document, String fieldSet) {
        FieldSetRepo sets = new FieldSetRepo();
        Document copy = new Document(document.getDataType(), document.getId());
        sets.copyFields(document, copy, sets.parse(getDocumentTypeManager(), fieldSet));
        return copy;
    }

    @Override
    public SyncSession createSyncSession(SyncParameters parameters) {
        return local.createSyncSession(parameters);
    }

    @Override
    public AsyncSession createAsyncSession(AsyncParameters parameters) {
        return new Async(parameters);
    }

    @Override
    public VisitorSession createVisitorSession(VisitorParameters parameters) throws ParseException {
        return new StandInVisit(this, parameters);
    }

    @Override
    public VisitorDestinationSession createVisitorDestinationSession(
            VisitorDestinationParameters parameters) {
        return local.createVisitorDestinationSession(parameters);
    }

    @Override
    public SubscriptionSession createSubscription(SubscriptionParameters parameters) {
        return local.createSubscription(parameters);
    }

    @Override
    public SubscriptionSession openSubscription(SubscriptionParameters parameters) {
        return local.openSubscription(parameters);
    }

    private synchronized void store(Document document) {
        for (String name : attributes.get(document.getDataType().getName())) {
            Field field = document.getField(name);
            if (field != null && isEmpty(document.getFieldValue(field))) {
                document.removeFieldValue(field);
            }
        }
        stored.put(document.getId(), document);
    }

    private static boolean isEmpty(FieldValue value) {
        return value instanceof StringFieldValue text && text.getString().isEmpty()
                || value instanceof Array<?> array && array.isEmpty();
    }

    /**
     * Whether an operation's condition holds, by Vespa's own reading of it.
     *
     * <p>A document that is not there fulfils none, unless the operation may create it.
     */
    private boolean isToBeDone(DocumentOperation operation, boolean mayCreate) {
        if (!operation.getCondition().isPresent()) {
            return true;
        }
        Document old = stored.get(operation.getId());
        if (old == null) {
            return mayCreate;
        }
        try {
            return new DocumentSelector(operation.getCondition().getSelection())
                            .accepts(new DocumentPut(old))
                    == com.yahoo.document.select.Result.TRUE;
        } catch (ParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Whether it was put. */
    private synchronized boolean put(DocumentPut put) {
        if (!isToBeDone(put, put.getCreateIfNonExistent())) {
            return false;
        }
        store(put.getDocument());
        return true;
    }

    /** Whether there was such a document; nothing where the condition does not hold. */
    private synchronized Optional<Boolean> erase(DocumentRemove remove) {
        return isToBeDone(remove, false)
                ? Optional.of(stored.remove(remove.getId()) != null)
                : Optional.empty();
    }

    /** Whether there was such a document; nothing where the condition does not hold. */
    private synchronized Optional<Boolean> apply(DocumentUpdate update) {
        if (!isToBeDone(update, update.getCreateIfNonExistent())) {
            return Optional.empty();
        }
        Document old = stored.get(update.getId());
        if (old == null && !update.getCreateIfNonExistent()) {
            return Optional.of(false);
        }
        Document document = old == null
                ? new Document(update.getDocumentType(), update.getId())
                : old.clone();
        update.applyTo(document);
        store(document);
        return Optional.of(old != null);
    }

    private final class Sync extends LocalSyncSession {

        Sync(LocalDocumentAccess local) {
            super(local);
        }

        @Override
        public void put(DocumentPut put) {
            StandInDocuments.this.put(put);
        }

        @Override
        public Document get(DocumentId id, Duration timeout) {
            return stored.get(id);
        }

        @Override
        public Document get(
                DocumentId id, DocumentOperationParameters parameters, Duration timeout) {
            Document document = stored.get(id);
            return document == null
                    ? null
                    : withFields(document, parameters.fieldSet().orElse("[document]"));
        }

        @Override
        public boolean remove(DocumentRemove remove) {
            return erase(remove).orElse(false);
        }

        @Override
        public boolean update(DocumentUpdate update) {
            return apply(update).orElse(false);
        }
    }

    private final class Async extends LocalAsyncSession {

        Async(AsyncParameters parameters) {
            super(parameters, local);
        }

        @Override
        public Result put(DocumentPut put, DocumentOperationParameters parameters) {
            boolean done = StandInDocuments.this.put(put);
            return answer(done ? new DocumentResponse(0, put.getDocument()) : REFUSED, parameters);
        }

        @Override
        public Result remove(DocumentRemove remove, DocumentOperationParameters parameters) {
            Optional<Boolean> found = erase(remove);
            return answer(
                    found.isPresent() ? new RemoveResponse(0, found.get()) : REFUSED, parameters);
        }

        @Override
        public Result update(DocumentUpdate update, DocumentOperationParameters parameters) {
            Optional<Boolean> found = apply(update);
            return answer(
                    found.isPresent() ? new UpdateResponse(0, found.get()) : REFUSED, parameters);
        }

        private Result answer(Response response, DocumentOperationParameters parameters) {
            parameters.responseHandler().orElseThrow().handleResponse(response);
            return new Result(response.getRequestId());
        }
    }
}
