package candor.serve;

import candor.BadInput;
import candor.serve.http.Exchange;
import candor.serve.http.Gone;
import candor.serve.http.Reply;
import candor.serve.work.Desk;
import candor.serve.work.ServedModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads and drops adapters while the server runs, as vLLM's {@code /v1/load_lora_adapter} and {@code /v1/unload_lora_adapter} do:
 * only where the server was told so, and only below the folder that it was told.
 */
final class AdapterLoading {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterLoading.class);

    private final Serving serving;

    AdapterLoading(Serving serving) {
        this.serving = serving;
    }

    String load(Exchange exchange) throws ApiError, Gone, InterruptedException {
        Path allowed = allowed();
        Fields fields = Fields.of(exchange.body());
        String name = fields.text("lora_name", "");
        String path = fields.text("lora_path", "");
        fields.refuseOthers();
        try {
            ServedModels.requireName(name);
        } catch (BadInput e) {
            throw ApiError.bad("lora_name", e.getMessage());
        }
        Path folder = inside(allowed, path);
        try {
            serving.desk().between(() -> serving.models().load(name, folder));
        } catch (BadInput e) {
            LOG.info("an adapter was not loaded: {}", e.getMessage());
            throw ApiError.bad("lora_path", Places.without(allowed, e.getMessage()));
        } catch (Desk.Shut e) {
            throw Api.closing();
        }
        return reply(exchange, "Success: the adapter '" + name + "' was loaded");
    }

    String unload(Exchange exchange) throws ApiError, Gone, InterruptedException {
        allowed();
        Fields fields = Fields.of(exchange.body());
        String name = fields.text("lora_name", "");
        fields.ignore("lora_int_id");
        fields.refuseOthers();
        try {
            serving.desk().between(() -> {
                serving.models().drop(name);
                return name;
            });
        } catch (BadInput e) {
            throw ApiError.unknownModel("there is no adapter '" + AskReader.shown(name) + "' to drop");
        } catch (Desk.Shut e) {
            throw Api.closing();
        }
        return reply(exchange, "Success: the adapter '" + name + "' was dropped");
    }

    private static String reply(Exchange exchange, String text) throws Gone, InterruptedException {
        byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.reply(new Reply(200, "text/plain; charset=utf-8", bytes, Map.of()));
        return text;
    }

    private Path allowed() throws ApiError {
        return serving.adapterFolder()
                .orElseThrow(() -> ApiError.refused(
                        403,
                        "this server loads and drops no adapters while it runs: start it with"
                                + " --allow-adapter-loading DIR"));
    }

    /** A folder below the allowed one, links followed. What is outside looks as if it were not there. */
    private static Path inside(Path allowed, String path) throws ApiError {
        try {
            Path folder = allowed.resolve(path).toRealPath();
            if (!path.isEmpty() && folder.startsWith(allowed) && Files.isDirectory(folder)) {
                return folder;
            }
        } catch (IOException | InvalidPathException e) {
            LOG.debug("an adapter was not found", e);
        }
        throw ApiError.bad("lora_path", "there is no such folder below the one that this server loads adapters from");
    }
}
