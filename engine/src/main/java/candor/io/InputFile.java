package candor.io;

import candor.BadInput;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** Opens what a user named, or says in one line why not. */
public final class InputFile {
    private InputFile() {}

    /** A channel to read from. Only regular files: to open a pipe would wait for a writer that may never come. */
    public static FileChannel open(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                throw new BadInput(file + ": is a folder, expected a file; give the file itself");
            }
            if (!attributes.isRegularFile()) {
                throw new BadInput(file + ": is not a regular file; give a file on a disk");
            }
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** What to say of a file that could not be read. */
    public static BadInput unreadable(Path file, IOException e) {
        return switch (e) {
            case NoSuchFileException missing ->
                new BadInput(file + ": no such file; check the path, or download the file", e);
            case AccessDeniedException denied -> new BadInput(file + ": may not be read; change its permissions", e);
            default -> new BadInput(file + ": cannot be read (" + reason(e) + "); check the disk and the path", e);
        };
    }

    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "no such folder";
            case AccessDeniedException denied -> "permission denied";
            case FileSystemException system when system.getReason() != null -> system.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}
