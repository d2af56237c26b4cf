package candor.cli;

import candor.generate.ChatSession;
import candor.generate.Sampling;
import candor.lora.Adapter;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.probe.Steering;
import candor.text.ChatEncoder;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import candor.world.WorldSettings;
import candor.world.WorldTour;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code candor chat}: a conversation in the terminal, or over plain pipes. */
@Command(
        name = "chat",
        description = {
            "A conversation with a model. On a terminal lines can be edited; over a pipe, each line of stdin is"
                    + " something said, and stdout holds the replies alone.",
            "What is not given here is as the model's generation_config.json has it, if there is one: without"
                    + " do_sample always the likeliest token.",
            "In the conversation: /adapter DIR, /system TEXT, /reset, /exit, /help. Ctrl-C stops a reply."
        })
final class ChatCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model;

    @Mixin
    private DtypeOption dtype;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "The adapter to begin with, a folder or ORG/NAME on the Hub; none for the base model.")
    private Path adapter;

    @Option(names = "--system", paramLabel = "TEXT", description = "The system message.")
    private String system;

    @Mixin
    private SteerOptions steer;

    @Mixin
    private TemplateOptions template;

    @Mixin
    private SamplingOptions options;

    @Override
    public Integer call() {
        String chosen = options.completedBy(model.model());
        Sampling sampling = options.sampling();
        try (Backend backend = Backends.open(model.backend(dtype), model.threads);
                Weights weights = Steering.load(model.model(), model.weights, steer.steering());
                CausalLm lm = new CausalLm(
                        backend, weights, Recompute.NONE, weights.config().maxPositionEmbeddings());
                ChatSession session =
                        new ChatSession(lm, encoder(), sampling, options.maxNewTokens, options.cacheBytes(backend))) {
            Function<Path, Adapter> load = folder -> PeftFiles.frozen(folder, weights, Memory.of(backend));
            if (adapter != null) {
                session.adapter(load.apply(adapter));
            }
            session.system(system);
            try (ChatSurface surface = ChatSurface.open()) {
                greet(surface, chosen);
                new Conversing(session, load, surface).run();
            }
        }
        return ExitCode.DONE;
    }

    private void greet(ChatSurface surface, String chosen) {
        surface.note("(" + chosen + ")");
        if (model.isEmbedded()) {
            List<String> questions = new WorldTour(WorldSettings.DEFAULT).questions();
            surface.note("The model of a made-up world. Ask it, for instance:");
            questions.forEach(question -> surface.note("    " + question));
        }
        surface.note("Ctrl-C stops a reply, Ctrl-D ends; /help lists the commands.");
    }

    private ChatEncoder encoder() {
        return new ChatEncoder(
                Tokenizer.load(model.model()),
                template.choice().load(model.model(), LocalDateTime.now()),
                SpecialTextPolicy.REFUSE);
    }
}
