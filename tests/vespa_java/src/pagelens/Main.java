package pagelens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.yahoo.yolean.Exceptions;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Reads one JSON request a line from stdin and answers each with one JSON line on stdout:
 * {"command": name, ...} is answered {"result": ...} or {"error": message}.
 *
 * <p>One JVM answers for a whole test run: starting it and loading Vespa's classes takes longer
 * than any request.
 */
final class Main {

    private static final StandIn STAND_IN = new StandIn();

    /** A new command is one class and one line here. */
    private static final Map<String, Command> COMMANDS = Map.of(
            "clear", STAND_IN::clear,
            "find-patterns", new FindPatterns(),
            "index-operation", new IndexOperation(),
            "parse-query", new ParseQuery(),
            "prepare", new Prepare(),
            "read-operation", new ReadOperation(),
            "score", new Score(),
            "serve", STAND_IN::serve,
            "tokenize", new Tokenize());

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what Vespa prints must not come between the answers
        ObjectMapper json = new ObjectMapper();
        BufferedReader requests =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            answers.println(json.writeValueAsString(answer(json.readTree(line))));
        }
        System.exit(0); // Vespa's executors would keep the JVM alive
    }

    private static Map<String, Object> answer(JsonNode request) {
        try {
            return Map.of("result", COMMANDS.get(request.get("command").asText()).run(request));
        } catch (Exception e) {
            e.printStackTrace(); // to stderr, where the driver keeps it
            String kind = e.getClass().getSimpleName();
            return Map.of("error", kind + ": " + Exceptions.toMessageString(e));
        }
    }
}
