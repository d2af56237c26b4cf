package candor.serve;

import java.nio.file.Path;

/** Where things are on this machine is nobody else's business: a message for clients says what is below a folder, and not where that is. */
final class Places {
    private Places() {}

    static String without(Path folder, String message) {
        String below = message.replace(folder + "/", "");
        return folder.isAbsolute() ? below.replace(folder.toString(), ".") : below;
    }
}
