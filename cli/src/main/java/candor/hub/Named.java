package candor.hub;

import candor.BadInput;
import candor.io.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What a user names where a model, an adapter or data is asked for, as local paths: a path as it is; a name on the Hub as the files of its
 * snapshot in the cache, fetched first where they are missing. What is there is not asked for again, so that a run which is started again
 * works on the same files; {@code candor download} brings what is new.
 */
public final class Named implements AutoCloseable {
    private static final String INDEX = "model.safetensors.index.json";

    private final HubSettings settings;
    private final Surroundings around;
    private final Download download;
    private final Map<String, List<Path>> known = new HashMap<>();

    public Named(HubSettings settings, Surroundings around) {
        this.settings = settings;
        this.around = around;
        download = new Download(settings, around);
    }

    /** Whether a text means a repository with a model or an adapter, and no local path. */
    public static boolean isModel(String text) {
        // A longer path, such as that of a run's folder, is a local one unless it says otherwise.
        return RepoName.meant(RepoKind.MODEL, text)
                .filter(repo -> repo.path().isEmpty() || text.startsWith("hf://"))
                .isPresent();
    }

    /** Whether a text means a repository with data, and no local path. */
    public static boolean isData(String text) {
        return RepoName.meant(RepoKind.DATASET, text).isPresent();
    }

    /** The folder of a model or an adapter. */
    public Path model(String text) {
        return once("model " + text, () -> {
                    if (!isModel(text)) {
                        tellAmbiguous(RepoKind.MODEL, text);
                        return List.of(Path.of(text));
                    }
                    return List.of(snapshot(text, of(RepoKind.MODEL, text), download::model));
                })
                .getFirst();
    }

    /** The folder of a tokenizer, without the weights beside it. */
    public Path tokenizer(String text) {
        return once("tokenizer " + text, () -> {
                    if (!isModel(text)) {
                        tellAmbiguous(RepoKind.MODEL, text);
                        return List.of(Path.of(text));
                    }
                    return List.of(snapshot(text, of(RepoKind.MODEL, text), this::withoutWeights));
                })
                .getFirst();
    }

    /** Files or folders of data. */
    public List<Path> data(String text, Split split) {
        return once(split + " " + text, () -> {
            if (!isData(text)) {
                tellAmbiguous(RepoKind.DATASET, text);
                return List.of(Path.of(text));
            }
            RepoName repo = of(RepoKind.DATASET, text);
            if (repo.kind() != RepoKind.DATASET) {
                throw new BadInput(text + ": is a model on the Hub; give a data set");
            }
            return files(text, repo, split);
        });
    }

    private List<Path> once(String key, Supplier<List<Path>> paths) {
        List<Path> before = known.get(key);
        if (before == null) {
            before = paths.get();
            known.put(key, before);
        }
        return before;
    }

    private static RepoName of(RepoKind kind, String text) {
        return RepoName.of(kind, text);
    }

    private void tellAmbiguous(RepoKind kind, String text) {
        if (RepoName.ambiguous(text)
                && Files.isDirectory(
                        settings.cache().resolve(RepoName.of(kind, text).folder()))) {
            around.notes()
                    .accept(text + ": the one in this folder is taken, not the Hub's, which is hf://"
                            + (kind == RepoKind.DATASET ? "datasets/" : "") + text);
        }
    }

    private Download.Chosen withoutWeights(Download.Listing listing) {
        Download.Chosen all = download.choose(listing, List.of());
        return new Download.Chosen(
                listing,
                all.files().stream()
                        .filter(file -> !file.path().endsWith(".safetensors"))
                        .toList());
    }

    private Path snapshot(String text, RepoName repo, Function<Download.Listing, Download.Chosen> choose) {
        if (repo.kind() != RepoKind.MODEL) {
            throw new BadInput(text + ": is a data set on the Hub; give a model or an adapter");
        }
        Function<Download.Listing, Download.Chosen> files =
                repo.path().isEmpty() ? choose : listing -> download.choose(listing, List.of(repo.path() + "/*"));
        Optional<Path> here = here(repo, files);
        Path snapshot = here.orElseGet(() -> fetch(text, repo, files));
        tell(text, repo, snapshot, here.isPresent());
        return snapshot.resolve(repo.path());
    }

    /** A snapshot that lacks nothing; without a list of its files by what a model or an adapter cannot do without. */
    private Optional<Path> here(RepoName repo, Function<Download.Listing, Download.Chosen> files) {
        Optional<Download.Listing> kept = download.kept(repo);
        if (kept.isPresent()) {
            Download.Chosen chosen = files.apply(kept.get());
            return download.isHere(chosen)
                    ? Optional.of(download.cache().snapshot(repo, kept.get().commit()))
                    : Optional.empty();
        }
        return download.cache()
                .commit(repo)
                .map(commit -> download.cache().snapshot(repo, commit))
                .filter(snapshot -> isWhole(repo, snapshot.resolve(repo.path())));
    }

    private boolean isWhole(RepoName repo, Path folder) {
        boolean adapter = Files.exists(folder.resolve("adapter_config.json"))
                && Files.exists(folder.resolve("adapter_model.safetensors"));
        // Without a network there is no more to be had: whoever loads it says what is missing.
        boolean tokenizer = settings.offline() || Files.exists(folder.resolve("tokenizer.json"));
        return adapter || (Files.exists(folder.resolve("config.json")) && tokenizer && hasWeights(repo, folder));
    }

    private static boolean hasWeights(RepoName repo, Path folder) {
        if (!Files.exists(folder.resolve(INDEX))) {
            return Files.exists(folder.resolve("model.safetensors"));
        }
        return JsonFile.read(folder.resolve(INDEX)).object("weight_map").allTexts().values().stream()
                .distinct()
                .peek(name -> RepoFile.checkPath(repo.name(), name))
                .allMatch(name -> Files.exists(folder.resolve(name)));
    }

    private Path fetch(String text, RepoName repo, Function<Download.Listing, Download.Chosen> files) {
        try {
            return download.fetch(files.apply(download.list(repo)), Download.WORKERS);
        } catch (BadInput bad) {
            throw text.startsWith("hf://") ? bad : bad.orDo("there is no folder " + text + " here, either");
        }
    }

    private void tell(String text, RepoName repo, Path snapshot, boolean before) {
        around.notes()
                .accept(text + ": " + repo.kind().said() + " of the Hub at commit "
                        + snapshot.getFileName().toString().substring(0, 12)
                        + (before ? ", from the cache" : ", downloaded")
                        + (before && !repo.isCommit()
                                ? " (candor download " + repo.whole() + " asks for a newer one)"
                                : ""));
    }

    private List<Path> files(String text, RepoName repo, Split split) {
        Optional<Download.Listing> kept = download.kept(repo);
        if (kept.isPresent()) {
            Download.Chosen chosen =
                    download.exactly(kept.get(), DataFiles.of(repo, kept.get().paths(), split));
            if (download.isHere(chosen)) {
                return paths(text, repo, chosen, true);
            }
        } else if (settings.offline()) {
            // What Python fetched without a list: what is here is all there is.
            Optional<String> commit = download.cache().commit(repo);
            List<String> there =
                    commit.map(each -> download.cache().files(repo, each)).orElse(List.of());
            if (!there.isEmpty()) {
                Path snapshot = download.cache().snapshot(repo, commit.get());
                tell(text, repo, snapshot, true);
                return DataFiles.of(repo, there, split).stream()
                        .map(snapshot::resolve)
                        .toList();
            }
        }
        try {
            Download.Listing listing = download.list(repo);
            Download.Chosen chosen = download.exactly(listing, DataFiles.of(repo, listing.paths(), split));
            download.fetch(chosen, Download.WORKERS);
            return paths(text, repo, chosen, false);
        } catch (BadInput bad) {
            throw text.startsWith("hf://") ? bad : bad.orDo("there is no file or folder " + text + " here, either");
        }
    }

    private List<Path> paths(String text, RepoName repo, Download.Chosen chosen, boolean before) {
        Path snapshot = download.cache().snapshot(repo, chosen.listing().commit());
        tell(text, repo, snapshot, before);
        return chosen.files().stream()
                .map(file -> snapshot.resolve(file.path()))
                .toList();
    }

    @Override
    public void close() {
        download.close();
    }
}
