package candor.hub;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.JsonFile;
import candor.io.SafeFolder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What of a folder goes to the Hub: an adapter or a model, with a card that names the base as others know it. The folder itself is not
 * changed.
 *
 * @param files in the order of their paths
 * @param left the names of what stays here
 * @param remarks what its owner may want to change first
 */
public record UploadFolder(List<UploadFile> files, List<String> left, List<String> remarks) {
    private static final String CARD = "README.md";
    private static final String ADAPTER = "adapter_config.json";
    private static final String BASE = "base_model_name_or_path";
    private static final String BASE_MODEL = "base_model";
    private static final String LICENCE = "license";
    private static final String LIBRARY = "library_name";

    /** A name on the Hub. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*");

    private static final Pattern LICENCE_FORM = Pattern.compile("[a-z0-9][a-z0-9.+-]{0,60}");

    private static final long MOST_CARD = 1L << 20;

    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * What a folder holds.
     *
     * @param baseModel the base's name on the Hub, in place of what the folder says; or null
     * @param licence as the Hub writes it, such as apache-2.0, for a card that names none; or null
     */
    public static UploadFolder of(Path folder, String baseModel, String licence) {
        if (licence != null && !LICENCE_FORM.matcher(licence).matches()) {
            throw new BadInput("--license " + licence
                    + ": must be one of the Hub's words for licences, such as apache-2.0, mit, llama3.1 or other");
        }
        SafeFolder safe = SafeFolder.at(folder, "the folder of an adapter or a model");
        List<UploadFile> files = new ArrayList<>();
        List<String> left = new ArrayList<>();
        for (Path file : listed(folder)) {
            String name = file.getFileName().toString();
            if (Files.isRegularFile(file) && Wanted.isSafe(name)) {
                RepoFile.checkPath(folder.toString(), name);
                files.add(UploadFile.of(name, safe.file(name)));
            } else {
                left.add(name);
            }
        }
        boolean adapter = has(files, ADAPTER);
        if (files.stream().noneMatch(file -> file.path().endsWith(".safetensors"))
                || !(adapter || has(files, "config.json"))) {
            throw new BadInput(folder + ": is not an adapter (" + ADAPTER + " and adapter_model.safetensors) or a model"
                    + " (config.json and safetensors); give the folder of one, or of the run that made it");
        }
        List<String> remarks = new ArrayList<>();
        return new UploadFolder(changed(safe, files, adapter, baseModel, licence, remarks), left, remarks);
    }

    private static List<Path> listed(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
    }

    private static boolean has(List<UploadFile> files, String path) {
        return files.stream().anyMatch(file -> file.path().equals(path));
    }

    private static List<UploadFile> changed(
            SafeFolder folder,
            List<UploadFile> files,
            boolean adapter,
            String baseModel,
            String licence,
            List<String> remarks) {
        List<UploadFile> all = new ArrayList<>(files);
        Card card = has(files, CARD) ? Card.of(text(folder.file(CARD))) : Card.of("");
        String before = adapter ? JsonFile.read(folder.file(ADAPTER)).text(BASE) : null;
        if (adapter) {
            String base = base(folder.path(), before, baseModel);
            if (!base.equals(before)) {
                card = before.isEmpty() ? card : card.renaming(before, base);
                replace(all, UploadFile.of(ADAPTER, withBase(folder.file(ADAPTER), base)));
            }
            card = card.has(BASE_MODEL) ? card : card.with(BASE_MODEL, base);
            card = card.has(LIBRARY) ? card : card.with(LIBRARY, "peft");
        }
        Optional<String> named = card.value(LICENCE);
        if (licence != null && named.isPresent() && !named.get().equals(licence)) {
            throw new BadInput("--license " + licence + ": the card in " + folder.path() + " says " + named.get()
                    + "; correct " + CARD + ", or leave the option out");
        }
        if (!card.has(LICENCE) && licence != null) {
            card = card.with(LICENCE, licence);
        }
        if (!card.has(LICENCE)) {
            remarks.add("the card names no licence: --license adds one (the base's conditions hold in any case)");
        }
        replace(all, UploadFile.of(CARD, card.text().getBytes(StandardCharsets.UTF_8)));
        all.sort(Comparator.comparing(UploadFile::path));
        return List.copyOf(all);
    }

    /** The base by a name that others can follow. */
    private static String base(Path folder, String before, String given) {
        String base = given == null ? before : given;
        if (!NAME.matcher(base).matches()) {
            throw new BadInput(
                    given == null
                            ? folder + ": is an adapter of " + base
                                    + ", which others do not have; give the base's name on the Hub: --base-model"
                                    + " ORG/NAME"
                            : "--base-model " + given + ": is not a name on the Hub; give ORG/NAME");
        }
        if (given == null && Files.exists(Path.of(base))) {
            throw new BadInput(folder + ": is an adapter of " + base
                    + ", which is a folder here; give the base's name on the Hub: --base-model ORG/NAME");
        }
        return base;
    }

    private static byte[] withBase(Path file, String base) {
        try {
            ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
            config.put(BASE, base);
            return JSON.writeValueAsBytes(config);
        } catch (JsonProcessingException e) {
            throw JsonFile.invalid(file, e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MOST_CARD) {
                throw new BadInput(file + ": is too large for a card");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
    }

    private static void replace(List<UploadFile> files, UploadFile by) {
        files.removeIf(file -> file.path().equals(by.path()));
        files.add(by);
    }

    /** In bytes. */
    public long size() {
        return files.stream().mapToLong(UploadFile::size).sum();
    }
}
