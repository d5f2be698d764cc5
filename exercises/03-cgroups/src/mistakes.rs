//! A mistake that is made in several exercises of this chapter; each proves it with a wrong answer
//! of its own.

use exercise::Mistake;

pub const OTHER_VERSION: Mistake = Mistake {
    id: "other-version",
    what: "The group is there, and the file isn't.",
    why: "v1 and v2 have different files for the same thing; ls the directory. What isn't there would have to be made, and in a file system of the \
          kernel's nobody may make files, root neither: \"Permission denied\". (Whoever only reads hears \"No such file\".) The group says which \
          version it is of, for each controller.",
};
