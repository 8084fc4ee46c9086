"""Names and places of invented people, in the style of clinic notes from Kenya and Southern Africa."""

GIVEN = (
    *("Wanjiku", "Achieng", "Atieno", "Akinyi", "Otieno", "Odhiambo", "Kiprop", "Kipchoge", "Chebet", "Cherono"),
    *("Jepkosgei", "Mwende", "Muthoni", "Njeri", "Wambui", "Nyokabi", "Kamau", "Mutua", "Musyoka", "Nduta"),
    *("Halima", "Fatuma", "Abdirahman", "Naserian", "Lemayian", "Ekal", "Moraa", "Kerubo", "Nafula", "Wekesa"),
    *("Tendai", "Chipo", "Tatenda", "Rudo", "Farai", "Nyasha", "Thabo", "Lerato", "Mpho", "Kagiso", "Naledi"),
    *("Nomvula", "Sibongile", "Nkosinathi", "Themba", "Zanele", "Sipho", "Thandiwe", "Bongani", "Lindiwe"),
    *("Chimwemwe", "Thokozani", "Mwansa", "Chanda", "Bwalya", "Mulenga", "Ndapewa", "Tangeni", "Graça"),
    *("John", "Mary", "Peter", "Esther", "Samuel", "Ruth", "Daniel", "Naomi", "Moses", "Mercyline", "Ann", "Joy"),
    *("Zoë", "José", "Nóra", "Åsa", "Søren", "Chloé", "Łucja", "Müge", "Đặng", "N'Golo", "Abebe", "Tigist"),
)
"""Given names that are no English words, but for `Joy`."""
FAMILY = (
    *("Mwangi", "Ochieng", "Onyango", "Kariuki", "Kimani", "Njoroge", "Wafula", "Barasa", "Koech", "Rotich"),
    *("Cheruiyot", "Ole Nkaissery", "arap Sang", "Nyambura", "Makokha", "Omondi", "Owuor", "Hassan", "Mohamud"),
    *("Moyo", "Ncube", "Sibanda", "Chikwanha", "Mutasa", "Mokoena", "Dlamini", "Nkosi", "Khumalo", "Mthembu"),
    *("van der Merwe", "Botha", "Molefe", "Tshabalala", "Radebe", "Phiri", "Banda", "Mwale", "Zulu", "Tembo"),
    *("dos Santos", "Ng", "Wu", "Ó Briain", "Fernández", "Nuñez", "Grønberg", "Çelik", "O'Connor", "Smith-Jones"),
)
"""Family names that are no English words."""
WORD_GIVEN = (
    *("Grace", "Hope", "Faith", "Mercy", "Joy", "Patience", "Blessing", "Gift", "Precious", "Given", "Innocent"),
    *("Prudence", "Charity", "Comfort", "Beauty", "Memory", "Lovemore", "Trust", "Wisdom", "Goodluck", "Happiness"),
    *("Rose", "Lily", "Violet", "Ivy", "Daisy", "Ruby", "Pearl", "Amber", "Victor", "Justice", "Prince", "Queen"),
    *("Progress", "Privilege", "Talent", "Nomatter", "Shame", "Honest", "Knowledge", "Sunday", "April", "June"),
    *("Fortune", "Welcome", "Delight", "Pretty", "Lucky", "Brilliant", "Silence", "Courage", "Emerald", "Obvious"),
)
"""Given names that are English words."""
WORD_FAMILY = (
    *("White", "Green", "Brown", "Young", "King", "Stone", "Rivers", "Banks", "Bush", "Hill", "Woods", "Baker"),
    *("Cook", "Fisher", "Hunter", "Mason", "Potter", "Marsh", "Field", "Price", "Wise", "Rich", "Short", "Little"),
    *("Long", "Bird", "Fox", "Wolf", "Lamb", "Frost", "Snow", "Rain", "Knight", "Bishop", "Pope", "Mark"),
)
"""Family names that are English words."""
TOWNS = (
    *("Kisumu", "Kibera", "Eldoret", "Kakamega", "Homa Bay", "Githurai", "Migori", "Lodwar", "Narok", "Rongai"),
    *("Mbare", "Chitungwiza", "Gweru", "Soweto", "Alexandra", "Khayelitsha", "Umlazi", "Polokwane", "Maun"),
    *("Chipata", "Kabwe", "Blantyre", "Mzuzu", "Katutura", "Oshakati", "Nampula", "Beira", "Green Valley"),
    *("Machakos", "Kilifi", "Garissa", "Stone Town", "Sandy Beach", "Rock City", "Kangemi", "Mathare North"),
)
"""Places smaller than a state."""
STREETS = (
    "Moi",
    "Kenyatta",
    "Tom Mboya",
    "Samora Machel",
    "Church",
    "Lake View",
    "Nelson Mandela",
    "River",
    "Old Mill",
)
"""First words of the names of streets."""
