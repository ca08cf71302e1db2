package com.yahoo.search.handler;

import java.io.InputStream;
import java.util.Map;

/** Opens what the search handler keeps to its package: how it reads the JSON of a request. */
public final class RequestBody {

    private RequestBody() {}

    /** The parameters of POST /search/ as the handler goes on with them: tensors as JSON text. */
    public static Map<String, String> parameters(InputStream json) {
        return new Json2SingleLevelMap(json).parse();
    }
}
