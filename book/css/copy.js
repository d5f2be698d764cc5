// The copy button of a console block copies what is typed: neither prompts nor output. (mdBook asks `playground_text` for the text.)
function commands_of(text) {
    const commands = [];
    let goes_on = false;
    let here = null;
    for (const line of text.split("\n")) {
        if (line.startsWith("$ ")) {
            commands.push(line.slice(2));
            const end = line.match(/<<-?\s*['"]?(\w+)/);
            here = end ? end[1] : null;
        } else if (goes_on && line.startsWith("> ")) {
            commands.push(line.slice(2));
            if (here === line.slice(2).trim()) here = null;
        } else {
            goes_on = false;
            continue;
        }
        goes_on = here !== null || line.endsWith("\\");
    }
    return commands.join("\n") + "\n";
}

if (typeof playground_text === "function") {
    const whole_text = playground_text;
    playground_text = function (block, hidden) {
        const typed = block.querySelector("code.language-console");
        return typed ? commands_of(typed.textContent) : whole_text(block, hidden);
    };
}
