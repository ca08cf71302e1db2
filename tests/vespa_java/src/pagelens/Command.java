package pagelens;

import com.fasterxml.jackson.databind.JsonNode;

/** One question that can be put to Vespa's own code. */
interface Command {

    /**
     * Answers one request.
     *
     * @param arguments the request without the command's name
     * @return anything Jackson can write: a record, a map, a list
     * @throws Exception what Vespa throws; its message is the answer a test looks at
     */
    Object run(JsonNode arguments) throws Exception;
}
