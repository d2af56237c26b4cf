package candor.train;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.io.IoReason;
import candor.io.Sha256;
import candor.text.TemplateChoice;
import candor.train.config.TrainConfig;
import candor.train.config.TrainConfig.ModelStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The files that a run's bytes follow from, by what the file is to the run ({@code model/model.safetensors}, {@code
 * init_adapter/adapter_config.json}, {@code data/0}), and the SHA-256 of each. A run that is resumed compares; the files
 * may have moved.
 */
final class Inputs {
    private static final List<String> MODEL_FILES = List.of(".safetensors", ".json", ".jinja");

    private static final String DATA = "data/";
    private static final String MIX_DATA = "mix_data/";
    private static final String MIX_RANKING = "mix_ranking";
    private static final String EVAL_DATA = "eval_data";
    private static final String PENALTY_PROBES = "probe_penalty_data";
    private static final String PROBES = "honesty_probes";
    private static final String DIRECTION = "honesty_direction";
    private static final Set<String> OF_ROWS = Set.of(MIX_RANKING, EVAL_DATA, PENALTY_PROBES, PROBES, DIRECTION);

    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Function<Path, String> hash;
    private final TemplateChoice template;
    private Map<String, String> hashes;

    /**
     * Finds the files of a run, and does not read them yet: a plan of a large model need not.
     *
     * @param hash of a file; a caller with several runs over one base remembers
     */
    Inputs(TrainConfig config, Function<Path, String> hash) {
        this.hash = hash;
        template = config.reading().template();
        if (template.isFile()) {
            files.put("chat_template", Path.of(template.template()));
        }
        if (config.model() != null) {
            folder("model", config.model(), files);
        }
        if (config.start() instanceof ModelStart whole) {
            if (whole.modelConfig() != null) {
                files.put("model_config", whole.modelConfig());
            }
            if (!whole.tokenizer().equals(config.model())) {
                folder("tokenizer", whole.tokenizer(), files);
            }
        }
        if (config.initAdapter() != null) {
            folder("init_adapter", config.initAdapter(), files);
        }
        for (int i = 0; i < config.data().size(); i++) {
            files.put(DATA + i, config.data().get(i));
        }
        for (int i = 0; i < config.mixing().data().size(); i++) {
            files.put(MIX_DATA + i, config.mixing().data().get(i));
        }
        if (config.penalty() != null && config.penalty().data() != null) {
            files.put(PENALTY_PROBES, config.penalty().data());
        }
        if (config.mixing().ranking() != null) {
            files.put(MIX_RANKING, config.mixing().ranking());
        }
        TrainConfig.HonestyProbes probes = config.watch().probes();
        if (probes != null && probes.file() != null) {
            files.put(PROBES, probes.file());
        }
        if (probes != null && probes.direction() != null) {
            files.put(DIRECTION, probes.direction());
        }
        if (config.watch().best().asked() && config.watch().evalData() != null) {
            files.put(EVAL_DATA, config.watch().evalData());
        }
    }

    /** Lower-case hexadecimal, in a fixed order; the first call reads all files. */
    Map<String, String> hashes() {
        if (hashes == null) {
            Map<String, String> read = new LinkedHashMap<>();
            files.forEach((name, file) -> read.put(name, hash.apply(file)));
            hashes = read;
        }
        return hashes;
    }

    /** The hash of a file's content. */
    static String hash(Path file) {
        return Fingerprint.of(file).sha256();
    }

    /** The files that a checkpoint or an adapter consists of, in the order of their names. */
    private static void folder(String role, Path folder, Map<String, Path> files) {
        if (!Files.isDirectory(folder)) {
            throw new BadInput(folder + ": there is no such folder");
        }
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(Files::isRegularFile)
                    .filter(f ->
                            MODEL_FILES.stream().anyMatch(end -> f.toString().endsWith(end)))
                    .forEach(found::add);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be read: " + IoReason.of(e), e);
        }
        found.sort(null);
        found.forEach(f -> files.put(role + "/" + f.getFileName(), f));
    }

    /**
     * Compares with what a run was started from.
     *
     * @throws BadInput names the first file that is another one now
     */
    void requireSame(Map<String, String> started) {
        started.forEach((name, before) -> {
            String now = hashes().get(name);
            if (now == null) {
                throw new BadInput("the run was started with " + name
                        + ", which is missing; put it back, or start a new run in another folder");
            }
            if (!now.equals(before)) {
                throw new BadInput(files.get(name) + ": has changed since the run began (SHA-256 was "
                        + shorten(before) + "…, is " + shorten(now)
                        + "…); put the old file back, or start a new run in another folder");
            }
        });
        hashes().keySet().forEach(name -> {
            if (!started.containsKey(name)) {
                throw new BadInput(files.get(name)
                        + ": was not there when the run began; remove it, or start a new run in another folder");
            }
        });
    }

    private static String shorten(String hash) {
        return hash.substring(0, Math.min(12, hash.length()));
    }

    /**
     * Identity of the reference that a run starts from: what the base, its tokenizer, its template and the adapter say, and
     * what computes. A fresh adapter changes nothing yet, so its reference is the base.
     */
    byte[] reference(String backend) {
        Sha256 all = new Sha256().add(backend).add(template.fingerprint());
        hashes().forEach((name, sum) -> {
            if (!name.startsWith(DATA) && !name.startsWith(MIX_DATA) && !OF_ROWS.contains(name)) {
                all.add(name + " " + sum + "\n");
            }
        });
        return all.sum();
    }
}
