package candor.serve.http;

import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

/**
 * A request that has arrived whole.
 *
 * @param path without the query
 */
record Received(String method, String path, HttpHeaders headers, HttpVersion version, boolean keepAlive, byte[] body) {
    /** @param request stays the caller's, to be released */
    static Received of(FullHttpRequest request) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        return new Received(
                request.method().name(),
                query < 0 ? uri : uri.substring(0, query),
                request.headers(),
                request.protocolVersion(),
                HttpUtil.isKeepAlive(request),
                ByteBufUtil.getBytes(request.content()));
    }
}
