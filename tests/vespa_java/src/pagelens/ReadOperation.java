package pagelens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.yahoo.document.Document;
import com.yahoo.document.DocumentOperation;
import com.yahoo.document.DocumentPut;
import com.yahoo.document.DocumentTypeManager;
import com.yahoo.document.DocumentUpdate;
import com.yahoo.document.datatypes.Array;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.document.datatypes.Raw;
import com.yahoo.document.datatypes.TensorFieldValue;
import com.yahoo.document.json.DocumentOperationType;
import com.yahoo.document.json.JsonFeedReader;
import com.yahoo.document.json.JsonReader;
import com.yahoo.document.json.ParsedDocumentOperation;
import com.yahoo.document.update.AssignValueUpdate;
import com.yahoo.document.update.FieldUpdate;
import com.yahoo.document.update.ValueUpdate;
import com.yahoo.schema.derived.Deriver;
import com.yahoo.tensor.Tensor;
import com.yahoo.tensor.TensorType;
import com.yahoo.vespaxmlparser.FeedOperation;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A feed operation as Vespa reads it, both ways in which it does: a line of a feed file ("line"),
 * or the body of a request to /document/v1 ("kind", "id" and "body").
 */
final class ReadOperation implements Command {

    /** As DocumentV1ApiHandler has it: strings of any length. */
    private static final JsonFactory JSON = new JsonFactoryBuilder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private final Map<String, DocumentTypeManager> typesOf = new HashMap<>();

    /**
     * @param fields what the document holds after a put, or what an update assigns: strings,
     *     numbers and booleans as they are, raw in base64, a tensor as {@link TensorBits}
     */
    record Operation(String kind, String id, Map<String, Object> fields) {}

    /**
     * @param blocks for each label of the mapped dimension the bit patterns of its cells in order,
     *     in hex: 4 digits for a bfloat16, 2 for an int8
     */
    record TensorBits(String type, Map<String, String> blocks) {}

    @Override
    public Object run(JsonNode arguments) throws Exception {
        String application = arguments.get("application").asText();
        DocumentTypeManager types = typesOf.computeIfAbsent(application, ReadOperation::types);
        return arguments.has("line")
                ? operation(readLine(types, arguments.get("line").asText()))
                : fromRequest(
                        types,
                        DocumentOperationType.valueOf(arguments.get("kind").asText().toUpperCase()),
                        arguments.get("id").asText(),
                        arguments.get("body").asText());
    }

    static DocumentTypeManager types(String application) {
        List<String> schemas = List.of("page", "pdf").stream()
                .map(schema -> application + "/schemas/" + schema + ".sd")
                .toList();
        return new DocumentTypeManager(Deriver.getDocumentManagerConfig(schemas).build());
    }

    static DocumentOperation readLine(DocumentTypeManager types, String line) throws Exception {
        JsonFeedReader reader = new JsonFeedReader(stream("[" + line + "]"), types);
        FeedOperation read = reader.read();
        DocumentOperation operation = switch (read.getType()) {
            case DOCUMENT -> read.getDocumentPut();
            case UPDATE -> read.getDocumentUpdate();
            case REMOVE -> read.getDocumentRemove();
            default -> throw new IllegalArgumentException("The line holds no operation");
        };
        if (reader.read().getType() != FeedOperation.Type.INVALID) {
            throw new IllegalArgumentException("The line holds more than one operation");
        }
        return operation;
    }

    private static Operation fromRequest(
            DocumentTypeManager types, DocumentOperationType kind, String id, String body) {
        ParsedDocumentOperation read =
                new JsonReader(types, stream(body), JSON).readSingleDocumentStreaming(kind, id);
        if (!read.fullyApplied()) {
            throw new IllegalArgumentException("Vespa left fields of " + id + " out");
        }
        return operation(read.operation());
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    static Operation operation(DocumentOperation read) {
        Map<String, Object> fields = new TreeMap<>();
        String kind = "remove";
        if (read instanceof DocumentPut put) {
            kind = "put";
            Document document = put.getDocument();
            document.iterator().forEachRemaining(
                    field -> fields.put(field.getKey().getName(), plain(field.getValue())));
        } else if (read instanceof DocumentUpdate update) {
            kind = "update";
            update.fieldUpdates().forEach(
                    field -> fields.put(field.getField().getName(), assigned(field)));
        }
        return new Operation(kind, read.getId().toString(), fields);
    }

    private static Object assigned(FieldUpdate field) {
        ValueUpdate<?> only = field.getValueUpdate(0);
        if (field.size() != 1 || !(only instanceof AssignValueUpdate)) {
            throw new IllegalArgumentException(field.getField().getName() + " is not assigned");
        }
        return plain(only.getValue());
    }

    private static Object plain(FieldValue value) {
        if (value instanceof Raw raw) {
            ByteBuffer buffer = raw.getByteBuffer().duplicate();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes; // which Jackson writes as base64
        }
        if (value instanceof TensorFieldValue tensor) {
            return bits(tensor.getTensor().orElseThrow());
        }
        if (value instanceof Array<?> array) {
            List<Object> values = new ArrayList<>();
            array.forEach(it -> values.add(plain(it)));
            return values;
        }
        return value.getWrappedValue(); // String, Integer, Long, Double or Boolean
    }

    private static TensorBits bits(Tensor tensor) {
        Map<String, StringBuilder> digits = new TreeMap<>();
        for (Iterator<Tensor.Cell> cells = tensor.cellIterator(); cells.hasNext(); ) {
            Tensor.Cell cell = cells.next();
            digits.computeIfAbsent(cell.getKey().label(0), label -> new StringBuilder())
                    .append(hex(tensor.type().valueType(), cell.getValue()));
        }
        Map<String, String> blocks = new TreeMap<>();
        digits.forEach((label, block) -> blocks.put(label, block.toString()));
        return new TensorBits(tensor.type().toString(), blocks);
    }

    private static String hex(TensorType.Value type, double cell) {
        if (type == TensorType.Value.INT8) {
            return String.format("%02x", (byte) cell);
        }
        int bits = Float.floatToRawIntBits((float) cell);
        if (type != TensorType.Value.BFLOAT16 || (bits & 0xffff) != 0 || (float) cell != cell) {
            throw new IllegalArgumentException(cell + " is not a bfloat16");
        }
        return String.format("%04x", bits >>> 16);
    }
}
