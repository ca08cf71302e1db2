package pagelens;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.yahoo.jdisc.Response;
import com.yahoo.jdisc.application.ContainerBuilder;
import com.yahoo.jdisc.handler.BindingNotFoundException;
import com.yahoo.jdisc.handler.ContentChannel;
import com.yahoo.jdisc.handler.FutureResponse;
import com.yahoo.jdisc.handler.ReadableContentChannel;
import com.yahoo.jdisc.handler.RequestHandler;
import com.yahoo.jdisc.http.HttpRequest;
import com.yahoo.jdisc.http.HttpRequest.Method;
import com.yahoo.jdisc.http.HttpRequest.Version;
import com.yahoo.jdisc.test.TestDriver;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;

/**
 * HTTP on a port of 127.0.0.1, in front of Vespa's request handlers.
 *
 * <p>Does what Jetty does in a Vespa container: unpacks a gzip body and hands everything else,
 * both ways, through as it is.
 */
final class StandInHttp {

    private static final int THREADS = 16;

    private final HttpServer server;
    private final TestDriver container = TestDriver.newSimpleApplicationInstanceWithoutOsgi();

    /** @param handlers by the paths they answer, such as "/search/*" */
    StandInHttp(Map<String, RequestHandler> handlers) throws IOException {
        ContainerBuilder builder = container.newContainerBuilder();
        handlers.forEach((path, it) -> builder.serverBindings().bind("http://*" + path, it));
        container.activateContainer(builder);
        // an answer is two small packets: with Nagle's algorithm the second waits for 40 ms
        System.setProperty("sun.net.httpserver.nodelay", "true");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            try {
                handle(exchange);
            } catch (BindingNotFoundException e) {
                send(exchange, Response.Status.NOT_FOUND, e.getMessage());
            } catch (Exception e) {
                e.printStackTrace(); // to stderr, where the driver keeps it
                send(exchange, Response.Status.INTERNAL_SERVER_ERROR, e.toString());
            }
        }
    }

    private void handle(HttpExchange exchange) throws Exception {
        byte[] body = body(exchange);
        ReadableContentChannel content = new ReadableContentChannel();
        FutureResponse response = new FutureResponse(content);
        HttpRequest request = HttpRequest.newServerRequest(
                container,
                URI.create("http://localhost" + exchange.getRequestURI()),
                Method.valueOf(exchange.getRequestMethod()),
                Version.HTTP_1_1,
                exchange.getRemoteAddress());
        try {
            exchange.getRequestHeaders().forEach(request.headers()::put);
            request.headers().remove("Content-Encoding");
            request.headers().remove("Content-Length");
            ContentChannel channel = request.connect(response);
            channel.write(ByteBuffer.wrap(body), null);
            channel.close(null);
        } finally {
            request.release();
        }
        Response head = response.get();
        byte[] answer = content.toStream().readAllBytes();
        head.headers().forEach(exchange.getResponseHeaders()::put);
        send(exchange, head.getStatus(), answer);
    }

    private static byte[] body(HttpExchange exchange) throws IOException {
        String encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
        InputStream raw = exchange.getRequestBody();
        return ("gzip".equals(encoding) ? new GZIPInputStream(raw) : raw).readAllBytes();
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        send(exchange, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }
}
