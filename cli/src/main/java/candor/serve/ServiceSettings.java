package candor.serve;

import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.weight.PackedForm;
import candor.probe.Steering;
import candor.serve.http.Limits;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What a service is made of.
 *
 * @param model     the base model's folder
 * @param weights   that its linear layers are packed into; null for those of the checkpoint
 * @param steering  how the model is steered, with and without an adapter; or null
 * @param name      that it is asked for by
 * @param adapters  folders of adapters, or of their runs, by the names that they are asked for
 * @param backend   where it computes
 * @param threads   of the CPU backend; 0 for one per processor
 * @param address   that it listens on; port 0 for any that is free
 * @param bounds    of what it does at once
 * @param cache     bytes for keys and values, on the backend
 * @param limits    of its connections
 * @param template  that conversations are rendered with
 * @param special   what to do with the text of special tokens in messages
 * @param apiKey    that requests must bring; empty for none
 * @param loadsFrom below which adapters may be loaded while it runs; empty where none may
 * @param version   of the program
 */
public record ServiceSettings(
        Path model,
        PackedForm weights,
        Steering steering,
        String name,
        Map<String, Path> adapters,
        BackendDescriptor backend,
        int threads,
        InetSocketAddress address,
        Bounds bounds,
        ToLongFunction<Backend> cache,
        Limits limits,
        TemplateChoice template,
        SpecialTextPolicy special,
        Optional<String> apiKey,
        Optional<Path> loadsFrom,
        String version) {
    /** Of connections: of a server for a few people and their programs. */
    public static final Limits LIMITS =
            new Limits(512, 32 << 10, 4 << 20, 256L << 20, Duration.ofSeconds(30), Duration.ofSeconds(75));

    /**
     * How much there is at once.
     *
     * @param running   requests that are answered together
     * @param waiting   requests in the queue behind them
     * @param adapters  at once, given and loaded later
     * @param positions tokens of a prompt and its reply together; 0 for as many as the model takes
     * @param newTokens of a reply; 0 for as many as there is room for
     */
    public record Bounds(int running, int waiting, int adapters, int positions, int newTokens) {}
}
