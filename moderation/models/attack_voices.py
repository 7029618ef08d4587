"""The patterns of `attack-forms.v1` that speak to a model, speak as its system, or give it a persona.

An address alone is doubtful: "Message for Claude: call me back" is for a person, "System: you must have 8 GB" for a
reader. It is sure with an order behind it, and for a name that people have with an order only a model can follow. What
they do not know: who reads the text.
"""

from __future__ import annotations

from moderation.models.attack_rules import rule

_MODEL_WORDS = " ai,\nai,:ai,a.i,llm,language model,gpt,claude,gemini,copilot,chatbot"
_MACHINE = r"(?:a\.?i\.?|llms?|(?:large\s)?language\smodels?|gpt|chatgpt|chatbots?)"
_PERSON = r"(?:claude|gemini|copilot)"
_KINDS = r"(?:\s(?:models?|assistants?|systems?|agents?|bots?))"
_MODELS = rf"(?:{_MACHINE}{_KINDS}?|{_PERSON}{_KINDS}?)"
_READING = (
    r"(?:reading|processing|summari[sz]ing|parsing|viewing|analy[sz]ing|that\s(?:reads?|process(?:es)?|summari[sz]es?))"
)
_PAGE = r"(?:page|text|document|e-?mail|message|file|site|website|review|content|article|report|note)"

# An order, with what may stand before it.
_ASIDE = (
    r"[\s\"'“*]{0,4}(?:(?:please|kindly|now|also|always|immediately|you\s(?:must|should|will|shall|have\sto|need\sto)"
    r"|(?:when|if|in)\s[^.,:\n]{1,60},)\s{1,2}){0,4}"
)
_DO = (
    r"(?:(?:ignore|disregard|forget|recommend|rate|rank|score|give|say|tell|write|add|include|insert|output|print|reply|respond"
    r"|answer|delete|forward|send|reveal|approve|accept|reject|praise|mention|treat|follow|obey|execute|visit|state|mark"
    r"|summari[sz]e|translate|describe|append|act\sas|pretend|you\sare\snow)\b"
    r"|(?:do\snot|don['’]t|never)\s(?:mention|tell|reveal|include|report|say|summari[sz]e|warn|read|disclose|flag|refuse"
    r"|answer)\b)"
)
_OF_A_MODEL = (
    r"(?:the\susers?|users|the\sreader|your\s(?:system|hidden|initial)?\s?(?:instructions?|prompt|guidelines|rules)"
    r"|in\syour\s(?:summary|answer|response|output|next\sreply)|this\s(?:page|document|site|article)|our\sproduct"
    r"|(?:all|any|every|previous|prior|earlier|above)\s(?:\w{1,12}\s)?instructions?|the\sabove|https?://)"
)
_OUTRIGHT = r"(?:rate\s[^.\n]{1,40}\sas\s|(?:respond|reply|answer)\s(?:only\s)?with\b|output\s)"
_DO_AS_MODEL = rf"(?:{_DO}(?:[^.\n]|\.(?=\w)){{0,60}}?\b{_OF_A_MODEL}|{_OUTRIGHT})"

# In the voice of the system: what only a model is told.
_ALL_SAID = r"(?:all|any|every|everything|the\s(?:users?|above|previous|prior|rules|text)|above|previous|prior|earlier|your|what|safety|users?)\b"  # noqa: E501
_OBEYING = (
    r"(?:obey|comply|pretend|act\sas|bypass|leak|expose|reveal|refuse\b|(?:ignore|disregard|forget)\s" + _ALL_SAID
    + r"|(?:ignore|disregard|forget)\s(?:\w{1,12}\s){0,2}(?:instructions?|rules|guidelines|prompts?|filters?)\b"
    + r"|speak\s(?:like|only|as)|(?:answer|respond|reply)\s(?:every|all|any|only|with|as|without|to\s(?:all|every))"
    r"|say\b|tell\sthe\suser|print\s(?:your|all|every|the\s(?:logs?|system|hidden|secret|password|conversation))"
    r"|output\b|follow\s(?:the\suser|my|me|all|any|only))"
)  # fmt: skip
_SYSTEM_SAYS = (
    rf"(?:{_OBEYING}|from\snow(?:\son)?[\s,:][^.\n]{{0,40}}\b{_OBEYING}"
    rf"|you\s(?:must|will|shall|should|have\sto|need\sto)\s(?:(?:now|always|only|never|not|also)\s){{0,3}}{_OBEYING}"
    r"|you(?:['’]re|\sare)\s(?:now\s)?(?:(?:an?\s|the\s)?(?:[\w-]{1,16}\s)?(?:ai|assistant|chatbot|language\smodel|llm|dan)\b"
    r"|unrestricted|unfiltered|jailbroken|(?:no\slonger|not)\sbound|free\s(?:of|from)\s(?:all|any|your))"
    rf"|you(?:['’]re|\sare)\s(?:now\s)?in\s[^.\n]{{3,30}}\smode\b[.,;:!\s]{{1,3}}(?:now\s)?{_OBEYING}"
    r"|new\s(?:instructions?|rules|task|orders)\s{0,2}[:：]|your\s(?:new|real|actual)\s(?:instructions?|task|rules|orders)\b)"
)
_ZH_SYSTEM_SAYS = (
    r"(?:(?:忽略|无视)[^。\n]{0,12}(?:用户|指令|规则|限制|问题|以上|之前|所有)|(?:请|现在|你)?(?:输出|打印|泄露|透露|公开|展示)"
    r"(?:你的|所有|全部|系统|提示|密码|日志|隐藏|完整)|(?:你|现在){1,2}(?:没有任何(?:限制|规则|约束|道德)|不受[^。\n]{0,6}(?:限制|约束))"
    r"|你(?:现在)?必须[^。\n]{0,4}(?:服从|听从|回答|输出)|(?:你|现在)[^\n]{0,20}模式[^\n]{0,6}(?:输出|打印|泄露|忽略|服从|回答|透露))"
)

_ZH_MODEL = r"(?:ai|人工智能|大?语言模型|大模型)(?:助手|模型|助理)?"
_ZH_DO = (
    r"\s{0,2}(?:请|必须|务必|应当?|要|需|你们?|都|一律|立即|直接|现在|从现在起|[，,]|[在对把将给][^，。：\n]{1,12}){0,5}"
    r"(?:推荐|忽略|无视|输出|回答|回复|给出|打[满高最]|写[上明出]|告诉|总结|标记|加入|添加|插入|删除|发送|转发|执行|遵[循照守]|接受"
    r"|批准|声称|不要(?:提|总结|透露|告诉|回答)|不得(?:提|透露)|点击|访问|服从)"
)

ADDRESSED = (
    rule(
        f"{_MODEL_WORDS},ai |:,：,if you,is,are,reading,processing,summari,parsing,viewing,analy,that,dear",
        rf"\b(?:note|notes|message|attention|attn|important|reminder|memo|instructions?|order|notice)[\s:,]{{1,3}}(?:(?:to|for)\s)?"
        rf"(?:(?:any|all|the|every|an)\s)?(?:{_MACHINE}{_KINDS}?(?:\s{_READING}[^.:\n]{{0,40}})?\s{{0,2}}:{_ASIDE}{_DO}"
        rf"|{_PERSON}{_KINDS}?(?:\s{_READING}[^.:\n]{{0,40}})?\s{{0,2}}:{_ASIDE}{_DO_AS_MODEL})",
        rf"\b{_MODELS}\s{_READING}\s(?:this|the)\s{_PAGE}[^.\n]{{0,20}}"
        rf"\b(?:must|should|shall|have\sto|need\sto|are\srequired\sto|is\srequired\sto|please)\s(?:also\s|always\s|now\s)?{_DO}",
        rf"\b(?:if|when)\s(?:an?\s|any\s)?{_MODELS}\s(?:is|are)\s(?:reading|processing|summari[sz]ing)\sthis\b"
        rf"[^.,:\n]{{0,30}}[,:]{_ASIDE}{_DO}",
        r"\bdear\s(?:large\s)?(?:language\smodel|llm|ai(?:\s(?:model|assistant|reviewer|agent))?|chatgpt)s?\s?,\s{0,2}"
        r"(?:please\s|kindly\s|you\s(?:must|should)\s){0,2}"
        r"(?:ignore|disregard|rate|accept|approve|recommend|praise|give\s(?:this|it|the)|do\snot\s(?:mention|tell|report))\b",
        rf"\bif\syou\s(?:are|['’]re)\s(?:an?\s|the\s)?{_MODELS}(?:\s{_READING}[^.,\n]{{0,40}})?,\s{{0,2}}(?:you\s(?:must|should"
        r"|have)|please|then|add|say|write|tell|include|ignore|do|send|recommend|print|reply|give|output)\b",
    ),
    rule("<!--", rf"<!--\s{{0,3}}(?:{_MODELS}|assistants?|system|model)\s{{0,2}}[:,]{_ASIDE}{_DO}"),
    rule(
        "system,developer,系统,系統|:,：,],),】",
        r"(?:^|[\n.!?]\s{0,3})(?:system|developer)\s(?:override|command|prompt|instruction|directive)s?\s{0,2}[:：]\s{0,3}"
        rf"(?:{_SYSTEM_SAYS}|you\s(?:are|must|will|have\sno)\b"
        r"|(?:send|delete|disable|grant|respond|reply|answer|say)\b"
        r"|all\s(?:previous|prior|safety|content|restrictions|filters|instructions)\b)",
        r"(?:^|\n)\s{0,4}[\[(【](?:system|developer|系统|系統)(?:\s?(?:message|prompt|note|override|消息|提示|指令))?[\])】]"
        rf"\s{{0,3}}[:：]?\s{{0,3}}(?:{_SYSTEM_SAYS}|{_ZH_SYSTEM_SAYS})",
        rf"(?:^|\n)\s{{0,4}}(?:system|developer)\s{{0,2}}[:：]\s{{0,3}}{_SYSTEM_SAYS}",
    ),
    rule(
        "ai,模型,人工智能,机器人|读到,看到,读取,如果你,致,告,提醒,注意,给,本文,此文,这段,这篇,本页,该文,此页,本邮件",
        r"(?:ai|人工智能|大模型|语言模型)(?:助手|模型)?(?:读到|看到|读取)(?:这里|此处|本文|这段|这句)[^。\n]{0,4}(?:请|必须|务必|应|要)",
        r"如果你是(?:一个|一名|任何)?(?:ai|人工智能|大?语言模型|大模型|聊天机器人)(?:助手|模型|助理|机器人)?[，,、]?"
        r"(?:请|必须|务必|你(?:必须|应|要|需|得|务必|只能)|(?:则|就)(?:请|必须|不要|忽略|输出)|在(?:回答|回复|总结|摘要|答案))",
        rf"(?:致|告|提醒|注意|给)(?:所有|任何|各位|各)?(?:的)?{_ZH_MODEL}\s?[:：]{_ZH_DO}",
        r"(?:阅读|读取|处理|总结|分析|看到)(?:本文|此文|这段|这篇|本页|该文|此页|本邮件)[^。\n]{0,8}的?"
        rf"{_ZH_MODEL}[^。\n]{{0,4}}(?:必须|请|务必|应|要)",
    ),
)
ADDRESSED_OPEN = (
    rule(
        f"{_MODEL_WORDS},ai |:,：,is,are,dear",
        rf"\b(?:note|notes|message|attention|attn|important|reminder|memo|instructions?|order|notice)[\s:,]{{1,3}}(?:(?:to|for)\s)?"
        rf"(?:(?:any|all|the|every|an)\s)?{_MODELS}(?:\s{_READING}[^.:\n]{{0,40}})?\s{{0,2}}:",
        rf"\b{_MODELS}\s{_READING}\s(?:this|the)\s{_PAGE}[^.\n]{{0,20}}\b(?:must|should|shall|please)\b",
        rf"\b(?:if|when)\s(?:an?\s|any\s)?{_MODELS}\s(?:is|are)\s(?:reading|processing|summari[sz]ing)\sthis\b",
    ),
    rule(
        "system,developer,系统,系統|:,：,],),】",
        r"(?:^|[\n.!?]\s{0,3})(?:system|developer)\s(?:override|command|directive)s?\s{0,2}[:：]\s{0,3}\w",
        r"(?:^|\n)\s{0,4}[\[(【](?:system|developer|系统|系統)(?:\s?(?:message|prompt|note|override|消息|提示|指令))?[\])】]"
        r"\s{0,3}[:：]?\s{0,3}(?:you\b|your\b|忽略|现在)",
        r"(?:^|\n)\s{0,4}(?:system|developer)\s{0,2}[:：]\s{0,3}(?:ignore|forget|disregard|you\smust|you\sare\snow|you\swill"
        r"|from\snow)\b",
    ),
    rule(
        "ai,模型,人工智能|致,告,提醒,注意,给",
        rf"(?:致|告|提醒|注意|给)(?:所有|任何|各位|各)?(?:的)?{_ZH_MODEL}\s?[:：]",
    ),
)

# A persona without rules.
_NO_LIMITS = (
    r"(?:不受[^。\n]{0,8}(?:约束|限制)|没有[^。\n]{0,4}(?:限制|道德|规则|约束)|无视|不考虑|道德|拒绝|内容政策|任何(?:内容|问题|要求)|服从"
    r"|两种(?:不同)?(?:的)?(?:方式|回答|回复)|普通回答|必须回答|chatgpt|语言模型|大模型)"
)
PERSONA = (
    rule("dan,jailb|mode,模式", r"\b(?:enter|enable|activate|switch\sto|in|start)\s(?:(?-i:DAN)|jailbreak)[\s-]mode\b"),
    rule(
        "without,with no,free of|ai,model,assistant",
        r"\byou(?:['’]re|\sare)\s(?:now\s)?an?\s(?:ai|(?:language\s)?model|assistant|chatbot)\s(?:without|with\sno|free\sof)"
        r"\s(?:any\s|all\s)?(?:restrictions?|filters?|limits?|limitations|morals?|ethics|rules)\b",
    ),
    rule(
        "dan|you",
        r"\byou(?:['’]re|\sare|\swill\sbe|\swill\sact\sas)(?:\snow|\sgoing\sto\s(?:be|act\sas))?\s(?-i:DAN)\b",
    ),
    rule(
        "anything now",
        r"(?-i:\bDo\sAnything\sNow\b)",
        r"\b(?-i:DAN)\b[^\n]{0,120}\bdo\sanything\snow\b",
        r"(?:^|[^\w\s'’]\s?)(?-i:DO\sANYTHING\sNOW)\b",
        r"\b(?:be|are|become|play|as|['’]re)\s(?:now\s)?an?\s(?:ai|(?:language\s)?model|assistant|chatbot|persona)\s"
        r"(?:model\s|assistant\s)?(?:that|who|which)\s(?:can|will)\sdo\sanything\snow\b",
    ),
    rule(
        "unrestricted,unfiltered,uncensored,jailbroken",
        r"\byou\s(?:are|will\sbe|will\sact\sas)\s(?:now\s)?(?:an?\s)?(?:unrestricted|unfiltered|uncensored|jailbroken)"
        r"\s(?:ai|model|assistant|chatbot|language\smodel|llm|version)\b",
    ),
    rule(
        "from now on",
        r"\bfrom\snow\son,?\s(?:you|the\sai|chatgpt)\s(?:now\s)?ha(?:ve|s)\sno\s(?:more\s)?"
        r"(?:restrictions|filters|limitations|ethical|moral|guidelines|content\s)",
    ),
    rule(
        "限制,规则,约束,道德,dan,越狱,开发者|你,模式",
        r"从(?:现在|今)(?:开始|起)?[^。\n]{0,6}你(?:就)?(?:没有任何(?:限制|规则|约束|道德)|不受任何[^。\n]{0,6}(?:限制|约束))",
        r"你(?:现在|从现在起|从现在开始|就)?(?:现在)?(?:就)?(?:是|叫|扮演)(?-i:DAN)",
        r"(?:进入|开启|启动|激活)(?:了)?dan模式",
        r"(?:^|[^\w]|请你?|你|现在|立即|立刻|马上|已经?|让你|给我)(?:进入|开启|启动|激活)(?:了)?(?:越狱|无限制)模式",
        rf"(?:进入|开启|启动|激活|启用|模拟)[^。\n]{{0,10}}开发者模式[^\n]{{0,60}}?{_NO_LIMITS}",
        r"开发者模式[^\n]{0,60}?(?:模拟|扮演)[^\n]{0,40}?(?:chatgpt|语言模型|大模型)",
        r"开发者模式[^\n]{0,60}?(?:chatgpt|语言模型|大模型)[^\n]{0,40}?(?:模拟|扮演)",
        rf"开发者模式(?:已经?|现已)?(?:被)?(?:启用|开启|激活|启动)[^\n]{{0,60}}?{_NO_LIMITS}",
    ),
)
PERSONA_OPEN = (
    rule("anything now", r"\b(?:can|will|to)\sdo\sanything\snow\b"),
    rule(
        "越狱,无限制,开发者|模式",
        r"(?:进入|开启|启动|激活)(?:了)?(?:越狱|无限制)模式",
        r"(?:你|让你|请你)(?:现在|已经?|立刻|马上|就)?(?:进入|开启|启动|激活)(?:了)?开发者模式",
    ),
)
